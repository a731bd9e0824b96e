from itertools import islice

import av
import numpy as np
import pytest

from cyclekit.media.scenes import look_at
from cyclekit.pixels import Array
from tests.tiny import real_data


def frames(name: str, count: int = 40) -> list[Array]:
    with av.open(str(real_data() / "video" / name)) as film:
        decoded = film.decode(video=0)
        return [frame.to_ndarray(format="rgb24") for frame in islice(decoded, count)]


def is_cut(before: Array, after: Array) -> bool:
    return look_at(before).is_cut_to(look_at(after))


def scene(seed: int, brightness: float = 1.0) -> Array:
    draws = np.random.default_rng(seed)
    small = draws.integers(0, 256, (3, 4, 3)) * brightness
    return np.kron(small, np.ones((30, 40, 1))).clip(0, 255).astype(np.uint8)


def test_another_scene_is_a_cut_and_the_same_is_none() -> None:
    assert is_cut(scene(0), scene(1))
    assert not is_cut(scene(0), scene(0))


def test_a_flash_is_no_cut() -> None:
    assert not is_cut(scene(0, 0.4), scene(0, 1.0))


def test_a_pan_is_no_cut() -> None:
    wide = np.concatenate([scene(0), scene(2)], axis=1)
    assert not is_cut(wide[:, :150], wide[:, 8:158])


@pytest.mark.parametrize("value", [0, 128, 255])
def test_flat_frames_are_looked_at(value: int) -> None:
    flat = np.full((20, 30, 3), value, np.uint8)
    assert not is_cut(flat, flat)


def test_16_bits_look_like_8() -> None:
    deep = scene(0).astype(np.uint16) * 257
    assert not is_cut(deep, scene(0))
    assert np.allclose(look_at(deep).histogram, look_at(scene(0)).histogram, atol=1e-3)


@pytest.mark.data
@pytest.mark.filterwarnings("ignore")
def test_joints_of_real_clips_are_found_and_nothing_else() -> None:
    names = ["visionary_horse.mp4", "soundify_lake.mp4", "carnd_test_video.mp4", "lynnho_horse.gif"]
    clips = [frames(name) for name in names]
    looks = [look_at(frame) for clip in clips for frame in clip]
    found = [i for i in range(1, len(looks)) if looks[i - 1].is_cut_to(looks[i])]
    assert found == list(np.cumsum([len(clip) for clip in clips])[:-1])
