import numpy as np
import pytest

from cyclekit.media.distinct import Distinct
from tests.clips import scene
from tests.tiny import picture


def flat(level):
    return np.full((36, 64, 3), level, np.uint8)


def test_what_was_seen_before_is_not_new_however_long_ago():
    known = Distinct()
    assert [known.is_new(flat(level)) for level in (10, 50, 51, 200, 11, 120)] == [
        True, True, False, True, False, True,
    ]  # fmt: skip


def test_noise_is_nothing_new_and_deep_frames_are_compared_alike():
    known, frame = Distinct(), scene(1)[0]
    assert known.is_new(frame)
    noise = np.random.default_rng(0).integers(-6, 7, frame.shape)
    assert not known.is_new((frame + noise).clip(0, 255).astype(np.uint8))
    assert not known.is_new(frame.astype(np.uint16) * 257)


@pytest.mark.parametrize("count", [63, 64, 65, 200])
def test_it_remembers_any_number(count):
    known = Distinct(least=0)
    frames = [picture(4, 4, seed=seed) for seed in range(count)]
    assert all(known.is_new(frame) for frame in frames)
    assert not any(known.is_new(frame) for frame in frames)
