import numpy as np
import pytest
from numpy.typing import NDArray

from cyclekit.inference.lab import from_roots, lit, to_roots
from cyclekit.pixels import Array


def lab(levels: Array) -> NDArray[np.float64]:
    """Return L*, a*, b* by the book; OpenCV's own are off by up to 0.4."""
    stored = levels / np.iinfo(levels.dtype).max
    light = np.where(stored <= 0.04045, stored / 12.92, ((stored + 0.055) / 1.055) ** 2.4)
    red, green, blue = np.moveaxis(light, -1, 0)
    x = (0.412456 * red + 0.357576 * green + 0.180437 * blue) / 0.950470
    y = 0.212673 * red + 0.715152 * green + 0.072175 * blue
    z = (0.019334 * red + 0.119192 * green + 0.950304 * blue) / 1.088830
    f_x, f_y, f_z = (
        np.where(t > 216 / 24389, np.cbrt(t), 841 / 108 * t + 4 / 29) for t in (x, y, z)
    )
    return np.stack([116 * f_y - 16, 500 * (f_x - f_y), 200 * (f_y - f_z)], -1)


def noise(dtype: type, seed: int, low: float = 0, high: float = 1) -> Array:
    scale = np.iinfo(dtype).max
    levels = np.random.default_rng(seed).uniform(low * scale, high * scale, (40, 50, 3))
    return levels.astype(dtype)


def test_roots_are_lab_before_its_linear_step() -> None:
    levels = noise(np.uint16, 0)
    x, y, z = np.moveaxis(to_roots(levels), -1, 0)
    made = np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], -1)
    assert np.abs(made - lab(levels)).max() < 0.05


def test_every_gray_level_comes_back() -> None:
    for dtype in (np.uint8, np.uint16):
        levels = np.arange(np.iinfo(dtype).max + 1).astype(dtype)[None, :, None]
        assert np.array_equal(from_roots(to_roots(levels), levels.dtype), levels)
        gray = np.repeat(levels, 3, axis=2)
        assert np.array_equal(from_roots(to_roots(gray), gray.dtype), gray)


def test_colours_come_back() -> None:
    corners = np.indices((2, 2, 2)).reshape(3, 1, 8).transpose(1, 2, 0)
    for dtype, most in ((np.uint8, 0), (np.uint16, 1)):
        pure = (corners * np.iinfo(dtype).max).astype(dtype)
        for levels in (noise(dtype, 1), pure):
            made = from_roots(to_roots(levels), levels.dtype)
            assert np.abs(made.astype(int) - levels).max() <= most


def test_lightness_is_exchanged_and_colour_stays() -> None:
    color, light = noise(np.uint16, 2, 0.4, 0.6), noise(np.uint16, 3, 0.4, 0.6)
    made = lab(from_roots(lit(to_roots(color), to_roots(light)), color.dtype))
    assert np.abs(made[..., 0] - lab(light)[..., 0]).max() < 0.05
    assert np.abs(made[..., 1:] - lab(color)[..., 1:]).max() < 0.2


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_colour_that_no_screen_has_fades_at_its_lightness(dtype: type) -> None:
    color, light = noise(dtype, 4), noise(dtype, 5)
    roots = lit(to_roots(color), to_roots(light))
    made = lab(from_roots(roots, color.dtype))
    step = 0.5 if dtype == np.uint8 else 0.05  # half a level of all channels
    assert np.abs(made[..., 0] - lab(light)[..., 0]).max() < step
    chroma, wanted = (np.hypot(x[..., 1], x[..., 2]) for x in (made, lab(color)))
    assert (chroma <= wanted + 5).all()
    assert (chroma < wanted - 20).any()
