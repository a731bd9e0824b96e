import numpy as np

from cyclekit.media.flow import find_flow, trust, warp
from cyclekit.pixels import Array


def texture(height: int = 96, width: int = 128) -> Array:
    import cv2

    noise = np.random.default_rng(0).integers(0, 256, (height, width, 3)).astype(np.uint8)
    return np.asarray(cv2.GaussianBlur(noise, (0, 0), 3)) * 3 - 255


def test_the_flow_says_where_a_pixel_was() -> None:
    before = texture()
    now = np.roll(before, (2, 5), axis=(0, 1))  # down by 2, right by 5
    flow = find_flow(now, before)
    inside = flow[20:-20, 20:-20]
    assert np.abs(inside - (-5, -2)).mean() < 0.3
    error = np.abs(warp(before, flow).astype(int) - now)[20:-20, 20:-20].mean()
    assert error < 0.1 * np.abs(before.astype(int) - now)[20:-20, 20:-20].mean()


def test_no_motion_is_no_flow() -> None:
    image = texture()
    assert np.abs(find_flow(image, image)).max() < 0.05
    assert np.array_equal(warp(image, np.zeros((*image.shape[:2], 2), np.float32)), image)


def test_trust_is_the_published_weight() -> None:
    before = np.full((32, 32, 3), 100, np.uint8)
    now = before.copy()
    now[:, 16:] += 51  # 0.2 of the range in each of three channels
    weight = trust(now, before, np.zeros((32, 32, 2), np.float32))
    assert np.allclose(weight[:, :16], 1)
    assert np.allclose(weight[:, 16:], np.exp(-50 * 3 * 0.2**2), rtol=1e-4)
