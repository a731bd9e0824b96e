import numpy as np
import pytest
import torch
from torch import Tensor

from cyclekit.devices import free_memory
from cyclekit.errors import MediaError
from cyclekit.hub.open import open_generator
from cyclekit.inference.arrays import is_flat
from cyclekit.inference.memory import bytes_per_pixel
from cyclekit.inference.precision import Prepared, _fastest, prepare, sample_picture
from cyclekit.inference.translator import Translator
from tests.inference.networks import Same
from tests.tiny import picture, tiny_generator

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


FLAT = np.full((40, 50, 3), (90, 140, 200), np.uint8)
DOT = FLAT.copy()
DOT[20, 20] += 3


@pytest.mark.parametrize("image", [FLAT, FLAT[:1, :1], FLAT[:3, :5], FLAT[..., 0], DOT, FLAT.astype(np.uint16) * 257])  # fmt: skip
def test_a_picture_without_contrast_is_that_of_float32(image: np.ndarray) -> None:
    generator = open_generator().generator
    exact, short = (
        Translator(generator, device="cpu", precision=name) for name in ("fp32", "bf16")
    )
    assert np.array_equal(short(image), exact(image))


def test_beside_others_of_a_batch_only_the_flat_one_is_exact() -> None:
    generator = open_generator().generator
    exact, short = (
        Translator(generator, device="cpu", precision=name) for name in ("fp32", "bf16")
    )
    images = [picture(16, 16), np.full((16, 16, 3), 7, np.uint8), picture(16, 16, seed=1)]
    made = list(short.stream(images))
    assert np.array_equal(made[1], exact(images[1]))
    for place in (0, 2):
        assert np.array_equal(made[place], short(images[place]))
        assert not np.array_equal(made[place], exact(images[place]))


@pytest.mark.parametrize("deviation", [0.2, 0.4, 0.6, 2.0])
@pytest.mark.parametrize("shape", [(40, 30), (40, 30, 3), (400, 300, 4)])
def test_contrast_is_the_largest_deviation_of_a_colour(
    shape: tuple[int, ...], deviation: float
) -> None:
    levels = np.zeros(shape, np.uint16)
    share = (deviation * 257) ** 2  # of two values, half and half
    levels[: shape[0] // 2] = 2 * round(share**0.5)
    if len(shape) == 3:
        levels[..., 0] = 9
    if len(shape) == 3 and shape[2] == 4:
        levels[..., 3] = np.arange(300) * 200  # opacity is no contrast
    assert is_flat(levels) == (deviation < 0.5)
