import io
from fractions import Fraction

import numpy as np
import pytest

from cyclekit.errors import MediaError
from cyclekit.media.video.clip import Clip, Colour, Still
from cyclekit.media.video.pipes import RawPipe, RawSink
from cyclekit.media.video.window import Window
from cyclekit.media.video.y4m import Y4M, Y4mPipe, Y4mSink
from tests.clips import difference, scene

RATE = Fraction(30000, 1001)


def piped(clip: Clip, pixel_format: str, frames: list[np.ndarray]) -> io.BytesIO:
    file = io.BytesIO()
    sink = Y4mSink(file, clip, pixel_format)
    for number, pixels in enumerate(frames):
        sink.add(Still(number, 1, pixels))
    assert sink.finish(Window()) == ()
    file.seek(0)
    return file


@pytest.mark.parametrize("pixel_format", Y4M)
@pytest.mark.parametrize("width", [64, 65])
def test_y4m_comes_back(pixel_format: str, width: int) -> None:
    frames = scene(3, width, 49)
    clip = Clip(width, 49, 1 / RATE, RATE, aspect=Fraction(4, 3), colour=Colour(matrix=5, range=1))
    pipe = Y4mPipe(piped(clip, pixel_format, frames))
    assert (pipe.clip.width, pipe.clip.height) == (width, 49)
    assert (pipe.clip.rate, pipe.clip.aspect) == (RATE, Fraction(4, 3))
    assert pipe.clip.depth == (10 if "10" in pixel_format else 8)
    back = list(pipe.frames())
    assert [frame.pts * pipe.clip.time_base for frame in back] == [n / RATE for n in range(3)]
    assert pipe.notes() == ()
    for frame, pixels in zip(
        Y4mPipe(piped(clip, pixel_format, frames)).frames(), frames, strict=True
    ):
        assert difference(frame.pixels(), pixels) < (1 if "444" in pixel_format else 3)


def test_full_range_is_said(tmp_path: object) -> None:
    clip = Clip(64, 48, 1 / RATE, RATE, colour=Colour(range=2))
    assert Y4mPipe(piped(clip, "yuv444p", scene(1))).clip.colour.range == 2


def test_a_y4m_that_breaks_off_ends_there() -> None:
    clip = Clip(64, 48, 1 / RATE, RATE)
    whole = piped(clip, "yuv420p", scene(3)).getvalue()
    pipe = Y4mPipe(io.BytesIO(whole[:-500]))
    assert len(list(pipe.frames())) == 2


def test_what_is_no_y4m_is_told() -> None:
    with pytest.raises(MediaError, match="for raw RGB frames, give --raw-size and --rate"):
        Y4mPipe(io.BytesIO(bytes(9999)))


def test_frames_that_are_too_large_are_refused_by_their_header() -> None:
    with pytest.raises(MediaError, match="stdin holds no video that can be read"):
        Y4mPipe(io.BytesIO(b"YUV4MPEG2 W30000 H20000 F25:1 C420jpeg\nFRAME\n" + bytes(99)))


def test_raw_frames_come_back_and_a_rest_is_told() -> None:
    frames = scene(3, 7, 5)
    file = io.BytesIO()
    sink = RawSink(file, Clip(7, 5, 1 / RATE, RATE))
    for number, pixels in enumerate(frames):
        sink.add(Still(number, 1, pixels))
    assert file.getvalue() == b"".join(pixels.tobytes() for pixels in frames)
    pipe = RawPipe(io.BytesIO(file.getvalue() + b"rest"), (7, 5), RATE)
    back = list(pipe.frames())
    assert all(np.array_equal(f.pixels(), p) for f, p in zip(back, frames, strict=True))
    assert "4 bytes at the end are no whole frame; is --raw-size right?" in pipe.notes()[0]


def test_uneven_times_are_told() -> None:
    sink = RawSink(io.BytesIO(), Clip(7, 5, Fraction(1, 600), Fraction(25)))
    for pts in (0, 10, 40):
        sink.add(Still(pts, 1, scene(1, 7, 5)[0]))
    assert "uneven times, which pipes cannot keep" in sink.finish(Window())[0]
