import numpy as np
import pytest
import torch
from torch import Tensor

from cyclekit.devices import free_memory
from cyclekit.errors import MediaError
from cyclekit.inference.memory import bytes_per_pixel
from cyclekit.inference.precision import Prepared, _fastest, prepare, sample_picture
from cyclekit.inference.translator import Translator
from tests.inference.networks import Same
from tests.tiny import tiny_generator

CPU = torch.device("cpu")


class Off(Same):
    """Adds some levels of 255, after some idle work."""

    def __init__(self, levels: float, work: int) -> None:
        super().__init__()
        self.levels, self.work = levels, work

    def forward(self, x: Tensor) -> Tensor:
        for _ in range(self.work):
            x.sin()
        return x + self.levels / 127.5


@pytest.mark.parametrize(
    ("levels", "work", "chosen"),
    [(0.9, 0, "bf16"), (1.1, 0, "fp32"), (float("nan"), 0, "fp32"), (0, 400, "fp32")],
)
def test_auto_takes_what_is_faster_and_exact_enough(levels: float, work: int, chosen: str) -> None:
    reference = Prepared(Off(0, 100), "fp32", "")
    rival = Prepared(Off(levels, work), "bf16", "")
    sample = sample_picture(64)
    # Both take float32 here: what is chosen depends on results and time alone.
    made, is_clear = _fastest([reference, rival], sample)
    assert is_clear or work == 0
    assert made.precision == chosen
    assert made.reason


def test_the_sample_has_the_statistics_of_a_photograph() -> None:
    sample = sample_picture(64)
    assert sample.shape == (1, 3, 64, 64)
    assert sample.abs().max() <= 1
    assert 0.2 < float(sample.std()) < 0.7
    neighbours = np.corrcoef(sample[0, 0, :, 1:].flatten(), sample[0, 0, :, :-1].flatten())[0, 1]
    assert neighbours > 0.7
    assert torch.equal(sample, sample_picture(64))


@pytest.mark.parametrize("name", ["mobile", "resnet", "unet"])
def test_bf16_stays_within_a_level(name: str) -> None:
    generator = tiny_generator(name)
    sample = sample_picture(64)
    with torch.inference_mode():
        exact = prepare(generator, CPU, "fp32").network(sample)
        low = prepare(generator, CPU, "bf16").network(sample.bfloat16())
    assert low.dtype == torch.float32  # the head keeps its type
    assert float((exact - low).abs().mean()) * 127.5 < 1


def test_memory_grows_with_the_width_of_the_network() -> None:
    sample = sample_picture(64)
    narrow = bytes_per_pixel(tiny_generator("resnet", width=8), sample)
    wide = bytes_per_pixel(tiny_generator("resnet", width=16), sample)
    assert wide > 1.5 * narrow > 100


def test_free_memory_is_known_here() -> None:
    free = free_memory(CPU)
    assert free is not None
    assert free > 2**20


def test_pictures_too_large_for_the_memory_are_refused() -> None:
    translator = Translator(tiny_generator(), device="cpu", precision="fp32")
    endless = np.broadcast_to(np.zeros(3, np.uint8), (10**6, 10**6, 3))  # takes 3 bytes itself
    with pytest.raises(MediaError, match=r"1000000x1000000 is too large for this memory.*max-size"):
        translator(endless)
