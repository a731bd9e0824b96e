"""Steadiness and control in a whole video: what is remembered survives an interruption."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cyclekit.inference.film_masks import StillMask
from cyclekit.inference.steady import Steadiness, SteadyTranslator
from cyclekit.inference.translator import Translator
from cyclekit.inference.video_options import VideoOptions
from cyclekit.media.video.encoding import Wishes
from cyclekit.media.video.work import SEGMENT, folder_of
from cyclekit.pixels import Array
from tests.clips import frames_of, make_clip, negative, run, scene
from tests.tiny import tiny_generator

GENERATOR = tiny_generator("resnet")
LOSSLESS = Wishes(codec="ffv1")


class Killed(BaseException):
    pass


class Failing(SteadyTranslator):
    """Is interrupted after some frames."""

    left = 10**9

    def stream(self, frames: Iterable[Array]) -> Iterator[Array]:
        for made in super().stream(frames):
            self.left -= 1
            if self.left < 0:
                raise Killed
            yield made


def steady(**options: Any) -> Failing:
    translator = Translator(GENERATOR, device="cpu", precision="fp32")
    return Failing(translator, Steadiness(**options))


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("long") / "long.mkv"
    return make_clip(path, scene(2 * SEGMENT + 10, 24, 16))


def translate(source: Path, target: Path, step: Failing) -> None:
    run(source, target, LOSSLESS, step=step.stream, memory=step, settings={"model": 1})


@pytest.mark.parametrize(
    "options", [{"mode": "average"}, {"mode": "freeze", "blend": 0.5, "hold": 0.0}]
)
def test_interrupted_work_goes_on_with_what_it_remembers(
    options: dict[str, Any], tmp_path: Path, long: Path
) -> None:
    whole, target = tmp_path / "whole.mkv", tmp_path / "made.mkv"
    translate(long, whole, steady(**options))
    for left in (SEGMENT + 30, 5):
        step = steady(**options)
        step.left = left
        with pytest.raises(Killed):
            translate(long, target, step)
    assert folder_of(target).exists()
    translate(long, target, steady(**options))
    made, expected = frames_of(target), frames_of(whole)
    assert len(made) == len(expected) == 2 * SEGMENT + 10
    assert all(np.array_equal(a.pixels, b.pixels) for a, b in zip(made, expected, strict=True))
    assert not folder_of(target).exists()


def test_a_segment_whose_memory_is_lost_is_made_again(tmp_path: Path, long: Path) -> None:
    whole, target = tmp_path / "whole.mkv", tmp_path / "made.mkv"
    translate(long, whole, steady())
    step = steady()
    step.left = 2 * SEGMENT + 5
    with pytest.raises(Killed):
        translate(long, target, step)
    (folder_of(target) / "000002.memory").unlink()
    translate(long, target, steady())
    made, expected = frames_of(target), frames_of(whole)
    assert all(np.array_equal(a.pixels, b.pixels) for a, b in zip(made, expected, strict=True))


def test_control_reaches_every_frame(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "in.mkv", scene(5, 24, 16))
    mask = np.zeros((16, 24), np.uint8)
    mask[:, 12:] = 255
    full = Wishes(codec="ffv1", pixel_format="yuv444p")
    run(source, tmp_path / "masked.mkv", full, step=negative, mask=StillMask(mask))
    run(source, tmp_path / "none.mkv", full, VideoOptions(strength=0.0), step=negative)
    before, masked, none = (
        [still.pixels.astype(int) for still in frames_of(tmp_path / name)]
        for name in ("in.mkv", "masked.mkv", "none.mkv")
    )
    assert len(before) == len(masked) == len(none) == 5
    for a, b, c in zip(before, masked, none, strict=True):
        assert np.abs(a[:, :12] - b[:, :12]).max() <= 2  # the way through YCbCr
        assert np.abs(255 - a[:, 12:] - b[:, 12:]).max() <= 2
        assert np.abs(a - c).max() <= 2
