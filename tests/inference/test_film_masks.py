from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from cyclekit.errors import MediaError
from cyclekit.inference.film_masks import MovingMask, StillMask, open_film_mask
from cyclekit.inference.video_options import VideoOptions
from cyclekit.media.images import Picture, write
from cyclekit.media.video.encoding import Wishes
from cyclekit.media.video.source import open_source
from cyclekit.media.video.times import Cut
from tests.clips import difference, frames_of, make_clip, negative, run, scene

TENTH = Fraction(1, 10)
SIZE = (32, 24)
FULL = Wishes(codec="ffv1", pixel_format="yuv444p")


def stripes(folder: Path, count: int) -> Path:
    """Write a film of which frame N, shown at N tenths, is white left of column 8 N."""
    frames = [np.zeros((24, 32, 3), np.uint8) for _ in range(count)]
    for number, frame in enumerate(frames):
        frame[:, : 8 * number] = 255
    times = [60 * number for number in range(count)]
    return make_clip(folder / "mask.mkv", frames, pts=times, codec="ffv1", pixel_format="yuv444p")


def white(mask: np.ndarray) -> int:
    """Count the columns that are white, and check that the others are black."""
    columns = mask.mean(axis=0) / np.iinfo(mask.dtype).max
    assert ((columns > 0.95) | (columns < 0.05)).all()
    return int((columns > 0.5).sum())


def test_a_film_shows_the_mask_of_every_moment(tmp_path: Path) -> None:
    mask = open_film_mask(stripes(tmp_path, 4), SIZE, 0)
    assert isinstance(mask, MovingMask)
    seen = [white(mask.at(time * TENTH / 4)) for time in (0, 1, 3, 4, 7, 8, 40)]
    assert seen == [0, 0, 0, 8, 8, 16, 24]  # the last one stays


def test_the_first_frame_stands_for_what_is_before_it(tmp_path: Path) -> None:
    frames = [np.full((24, 32, 3), level, np.uint8) for level in (255, 0)]
    path = make_clip(tmp_path / "a.mkv", frames, pts=[300, 600], codec="ffv1")
    assert white(open_film_mask(path, SIZE, 0).at(Fraction(0))) == 32


def test_a_picture_is_the_mask_of_every_moment(tmp_path: Path) -> None:
    write(tmp_path / "a.png", Picture(np.full((9, 9, 3), 255, np.uint8)))
    mask = open_film_mask(tmp_path / "a.png", SIZE, 0)
    assert isinstance(mask, StillMask)
    assert mask.at(Fraction(0)).shape == (24, 32)
    assert mask.at(Fraction(99)) is mask.at(Fraction(0))


def test_edges_fade_in(tmp_path: Path) -> None:
    mask = open_film_mask(stripes(tmp_path, 3), SIZE, 4).at(TENTH)
    ramp = mask[12, :9].astype(float)
    assert (np.diff(ramp) <= 0).all()
    assert len(set(ramp.tolist())) > 4


def test_a_change_of_the_film_changes_the_fingerprint(tmp_path: Path) -> None:
    path = stripes(tmp_path, 2)

    def fingerprint(feather: float) -> object:
        return open_film_mask(path, SIZE, feather).fingerprint()

    assert fingerprint(0) == fingerprint(0) != fingerprint(1)
    before = fingerprint(0)
    path.touch()
    assert fingerprint(0) != before


def test_no_mask_is_told(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="no such file"):
        open_film_mask(tmp_path / "none.mp4", SIZE, 0)


@pytest.mark.parametrize("start", [None, Fraction(2, 10)])
def test_a_film_decides_frame_by_frame_what_is_translated(
    tmp_path: Path, start: Fraction | None
) -> None:
    frames = scene(4, 32, 24)
    source = make_clip(
        tmp_path / "a.mkv", frames, pts=[0, 60, 120, 180], codec="ffv1", pixel_format="yuv444p"
    )
    mask = MovingMask(open_source(stripes(tmp_path, 4), None, None), SIZE, 0)
    options = VideoOptions(Cut(start=start))
    run(source, tmp_path / "b.mkv", FULL, options, step=negative, mask=mask)
    first = 2 if start else 0  # the mask runs beside the source, not beside the cut
    made = frames_of(tmp_path / "b.mkv")
    assert len(made) == 4 - first
    for number, still in enumerate(made, first):
        expected = frames_of(source)[number].pixels
        expected[:, : 8 * number] = 255 - expected[:, : 8 * number]
        assert difference(expected, still.pixels) < 2
