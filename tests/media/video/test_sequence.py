import re
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cyclekit.errors import MediaError, UsageError
from cyclekit.media.images import Picture, read, write
from cyclekit.media.video.clip import Still
from cyclekit.media.video.sequence import Pattern, PictureSequence, is_pattern, write_picture
from tests.tiny import picture

NAMES = st.text(st.characters(codec="ascii", categories=("L", "N", "P", "S")), max_size=8).map(
    lambda text: text.replace("/", "").replace("\\", "")
)
FIVE = Fraction(5)


def fill(folder: Path, *numbers: int) -> Path:
    for number in numbers:
        write(folder / f"{number:03d}.png", Picture(picture(12, 16, seed=number)))
    return folder / "%03d.png"


@given(NAMES, st.integers(0, 6), st.integers(0, 10**7), NAMES)
def test_a_pattern_names_files_and_finds_them_again(
    before: str, digits: int, number: int, after: str
) -> None:
    middle = f"%0{digits}d" if digits else "%d"
    name = before.replace("%", "%%") + middle + after.replace("%", "%%")
    pattern = Pattern(Path("folder") / name)
    assert pattern.name(number) == f"{before}{number:0{digits}d}{after}"


@given(st.text(st.sampled_from("%0d4a"), min_size=1, max_size=10))
def test_a_pattern_has_one_place_or_is_refused(name: str) -> None:
    places = re.findall("%%|%0[0-9]*d|%d|%", name)
    if places.count("%") or len(places) - places.count("%%") != 1:
        with pytest.raises(UsageError, match="expected one place for the number"):
            Pattern(Path("folder") / name)
    else:  # as C and Python print it
        assert Pattern(Path("folder") / name).name(7) == name % 7


@pytest.mark.parametrize("name", ["a.png", "%d%d.png", "%s.png", "50%.png", "%d/a.png"])
def test_what_is_no_pattern_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="expected one place"):
        Pattern(Path(name))


def test_a_file_of_such_a_name_is_a_file(tmp_path: Path) -> None:
    path = tmp_path / "100%.mp4"
    assert is_pattern(path)
    path.touch()
    assert not is_pattern(path)


def test_pictures_come_by_number(tmp_path: Path) -> None:
    source = PictureSequence(fill(tmp_path, 11, 2, 1, 100), FIVE)
    (tmp_path / "0001.png").write_bytes(b"not of this pattern")
    frames = list(source.frames())
    assert (source.clip.rate, source.clip.time_base, source.clip.frames) == (5, Fraction(1, 5), 4)
    assert [frame.pts for frame in frames] == [0, 1, 2, 3]
    for frame, number in zip(frames, (1, 2, 11, 100), strict=True):
        assert np.array_equal(frame.pixels(), picture(12, 16, seed=number))


def test_a_bad_picture_repeats_the_one_before(tmp_path: Path) -> None:
    pattern = fill(tmp_path, 1, 2, 3, 4, 5)
    (tmp_path / "003.png").write_bytes(b"")
    write(tmp_path / "004.png", Picture(picture(9, 9)))
    source = PictureSequence(pattern, FIVE)
    third, fourth = (frame.pixels() for frame in list(source.frames())[2:4])  # others unread
    assert np.array_equal(third, picture(12, 16, seed=2))
    assert np.array_equal(fourth, third)
    (note,) = source.notes()
    assert note.startswith("pictures that repeat the one before: 2; ")
    assert "003.png: the file is empty" in note


def test_no_pictures_or_a_bad_first_one_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="no picture has such a name"):
        PictureSequence(tmp_path / "%d.png", FIVE)
    (tmp_path / "1.png").write_bytes(b"")
    with pytest.raises(MediaError, match="the file is empty"):
        PictureSequence(tmp_path / "%d.png", FIVE)


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_depth_and_opacity_are_kept(tmp_path: Path, channels: int, dtype: type) -> None:
    pixels = picture(12, 16, channels).astype(dtype) * (257 if dtype == np.uint16 else 1)
    write_picture(tmp_path / "1.png", Still(0, 1, pixels))
    source = PictureSequence(tmp_path / "%d.png", FIVE)
    (frame,) = source.frames()
    assert source.clip.alpha == (channels == 4)
    assert source.clip.depth == 8 * np.dtype(dtype).itemsize
    assert np.array_equal(frame.pixels(), pixels)
    assert read(tmp_path / "1.png").pixels.dtype == dtype
