import pytest
import torch

from cyclekit.devices import find_device
from cyclekit.errors import UsageError


def test_a_device_that_is_there_is_found() -> None:
    assert find_device("cpu") == torch.device("cpu")
    assert find_device("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")


@pytest.mark.parametrize(
    "name", ["tpu", "ipu", "vulkan", "hpu", "meta", "cuda:99", "cuda:x", "", ":"]
)
def test_a_device_that_is_not_there_is_refused_in_a_short_line(name: str) -> None:
    with pytest.raises(UsageError) as caught:
        find_device(name)
    assert str(caught.value) == f"no device '{name}' here; expected auto, cpu or cuda"


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a CUDA device")
def test_an_absent_cuda_device_is_named_as_it_was_given() -> None:
    with pytest.raises(UsageError, match="no device 'cuda' here"):
        find_device("cuda")
