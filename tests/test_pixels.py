import numpy as np
import pytest
import torch
from numpy.typing import DTypeLike

from cyclekit.pixels import from_bytes, full_scale, to_image, to_tensor


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_every_level_survives_the_round_trip(kind: type[np.uint8]) -> None:
    levels = np.arange(np.iinfo(kind).max + 1).astype(kind).reshape(-1, 16, 1)
    assert np.array_equal(to_image(to_tensor(levels), kind), levels)


def test_black_is_minus_one_and_white_is_one() -> None:
    tensor = to_tensor(np.array([[[0, 255, 51]]], np.uint8))
    torch.testing.assert_close(tensor[:, 0, 0], torch.tensor([-1.0, 1.0, -0.6]))


def test_results_are_rounded_and_clipped() -> None:
    values = torch.tensor([-2.0, -1 + 1.4 / 127.5, -1 + 1.6 / 127.5, 3.0])[:, None, None]
    assert to_image(values).ravel().tolist() == [0, 1, 2, 255]


def test_bytes_on_a_device_equal_the_numpy_door() -> None:
    image = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
    batch = torch.from_numpy(image).permute(2, 0, 1)[None]
    torch.testing.assert_close(from_bytes(batch)[0], to_tensor(image))


@pytest.mark.parametrize("kind", [np.float32, np.int16])
def test_other_types_are_refused(kind: DTypeLike) -> None:
    with pytest.raises(ValueError, match="must be uint8 or uint16"):
        full_scale(np.dtype(kind))
