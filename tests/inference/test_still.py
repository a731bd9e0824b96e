from itertools import pairwise

import numpy as np
import pytest

from cyclekit.inference.still import VISIBLE, StillParts
from cyclekit.pixels import Array
from tests.tiny import picture


def noisy_film(count: int = 30, level: float = 1.5) -> list[Array]:
    noise = np.random.default_rng(0)
    still = picture(32, 40).astype(float) / 2 + 60
    return [
        np.rint(still + noise.normal(0, level, still.shape)).astype(np.uint8) for _ in range(count)
    ]


def calmed(film: list[Array], share: float = 0.97) -> list[Array]:
    parts = StillParts(share)
    return [parts.settle(parts.calm(frame)) for frame in film]


def change(film: list[Array]) -> float:
    return float(np.mean([np.abs(b.astype(float) - a).mean() for a, b in pairwise(film)]))


def test_noise_of_what_stands_still_is_averaged_away() -> None:
    film = noisy_film()
    assert change(calmed(film)[10:]) < 0.2 * change(film)


def test_a_share_of_nothing_leaves_frames_alone() -> None:
    film = noisy_film(3)
    assert all(a is b for a, b in zip(calmed(film, 0), film, strict=True))


def test_what_moves_leaves_no_ghost() -> None:
    film, clean = noisy_film(20), noisy_film(1, level=0)[0].astype(int)
    parts = StillParts(0.97)
    for i, frame in enumerate(film):
        left = 2 * i
        frame[8:16, left : left + 6] = 250
        calm = parts.calm(frame).astype(int)
        assert np.abs(calm[10:14, left + 1 : left + 5] - 250).max() <= 1
        behind = np.abs(calm[8:16, :left] - clean[8:16, :left])
        assert i == 0 or behind.mean() < VISIBLE  # noise, and not the 150 levels of the square


def test_a_slow_fade_is_followed() -> None:
    base = picture(32, 40) // 2
    film = [base + np.uint8(i) for i in range(80)]  # no two neighbours differ visibly
    for calm, frame in zip(calmed(film), film, strict=True):
        assert np.abs(calm.astype(int) - frame).max() <= VISIBLE + 1


def test_the_result_is_averaged_by_the_weights_of_the_source() -> None:
    parts = StillParts(0.9)
    first, second = noisy_film(2, level=0)[0], noisy_film(2, level=0)[1] + np.uint8(1)
    for frame, made in ((first, 50), (second, 60)):
        parts.calm(frame)
        result = parts.settle(np.full_like(frame, made))
    weight = 0.9 * np.exp(-((1 / VISIBLE) ** 4))
    assert np.abs(result - (60 - 10 * weight)).max() <= 0.51


@pytest.mark.parametrize("channels", [3, 4])
def test_depth_and_opacity_stay(channels: int) -> None:
    deep = np.random.default_rng(1).integers(0, 65536, (32, 40, channels)).astype(np.uint16)
    for a, b in zip(calmed([deep, deep + np.uint16(9)]), (deep, deep + np.uint16(9)), strict=True):
        assert a.dtype == np.uint16
        assert a.shape == b.shape
        assert np.array_equal(a[..., 3:], b[..., 3:])
        assert np.abs(a.astype(int) - b).max() <= 9


def test_forgotten_means_begin_anew() -> None:
    film = noisy_film(3)
    parts = StillParts(0.97)
    for frame in film[:2]:
        parts.settle(parts.calm(frame))
    parts.forget()
    assert np.array_equal(parts.settle(parts.calm(film[2])), film[2])
