from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from cyclekit.media.video.file import VideoFile
from tests.clips import frames_of, make_clip

CORNERS = np.zeros((48, 64, 3), np.uint8)
CORNERS[:24, :32], CORNERS[:24, 32:], CORNERS[24:, :32] = (220, 0, 0), (0, 220, 0), (0, 0, 220)


def corners(pixels: np.ndarray) -> str:
    """Name the colours at top left, top right, bottom left, bottom right."""
    seen = (pixels[y, x] for y in (4, -5) for x in (4, -5))
    return "".join("rgb"[int(colour.argmax())] if colour.max() > 100 else "k" for colour in seen)


@pytest.mark.parametrize(
    ("turn", "seen"),
    [
        ((0, False, False), "rgbk"),
        ((90, False, False), "gkrb"),
        ((180, False, False), "kbgr"),
        ((270, False, False), "brkg"),
        ((0, True, False), "grkb"),
        ((0, False, True), "bkrg"),
        ((90, True, False), "kgbr"),
        ((270, True, False), "rbgk"),
    ],
)
def test_frames_come_upright_for_every_display_matrix(
    tmp_path: Path, turn: tuple[int, bool, bool], seen: str
) -> None:
    path = make_clip(tmp_path / "turned.mp4", [CORNERS] * 2, turn=turn)
    with av.open(str(path)) as container:  # counterclockwise, as FFmpeg counts
        plain = next(container.decode(video=0))
        if not any(turn[1:]):
            assert plain.rotation % 360 == turn[0]
    clip = VideoFile(path).clip
    still = frames_of(path)[0]
    assert corners(still.pixels) == seen
    assert still.pixels.shape == (clip.height, clip.width, 3)
    assert clip.width == (48 if turn[0] in (90, 270) else 64)


def test_a_quarter_turn_turns_the_pixels_shape_too(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "turned.mp4", aspect=Fraction(4, 3), turn=(90, False, False))
    assert VideoFile(path).clip.aspect.as_integer_ratio() == (3, 4)


def test_an_angle_that_is_no_quarter_turn_is_told(tmp_path: Path) -> None:
    source = VideoFile(make_clip(tmp_path / "askew.mp4", turn=(30, False, False)))
    assert (source.clip.width, source.clip.height) == (64, 48)
    assert "no quarter turn" in source.notes()[0]
