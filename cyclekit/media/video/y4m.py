"""Frames through stdin and stdout as y4m, which says their size, rate and pixel format."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any, BinaryIO

import av
import numpy as np
from av.error import FFmpegError

from cyclekit.errors import MediaError
from cyclekit.media.picture import Array
from cyclekit.media.video.clip import Clip, Colour, Frame, Still
from cyclekit.media.video.convert import Packer, Unpacker
from cyclekit.media.video.pipes import Pipe, PipeSink

Y4M = {
    "yuv420p": "420mpeg2 XYSCSS=420MPEG2",
    "yuv422p": "422",
    "yuv444p": "444",
    "yuv420p10le": "420p10 XYSCSS=420P10",
    "yuv422p10le": "422p10 XYSCSS=422P10",
    "yuv444p10le": "444p10 XYSCSS=444P10",
}
"""Pixel formats of y4m, and how its header names them."""


class Y4mPipe(Pipe):
    """Frames as y4m, which says its size, rate and pixel format.

    Args:
        file: where to read.

    Raises:
        MediaError: if it is no y4m.
    """

    def __init__(self, file: BinaryIO) -> None:
        try:
            self._container: Any = av.open(file, format="yuv4mpegpipe")
        except (FFmpegError, ValueError) as error:
            hint = "expected y4m; for raw RGB frames, give --raw-size and --rate"
            raise MediaError(f"stdin holds no video that can be read; {hint}") from error
        stream = self._container.streams.video[0]
        assert stream.time_base is not None
        assert stream.pix_fmt is not None
        format_ = av.VideoFormat(stream.pix_fmt)
        depth = max(component.bits for component in format_.components)
        rate = stream.average_rate or 1 / stream.time_base
        aspect = stream.sample_aspect_ratio or Fraction(1)
        colour = Colour(range=stream.codec_context.color_range)
        size = (stream.width, stream.height)
        super().__init__(
            Clip(*size, stream.time_base, rate, aspect=aspect, colour=colour, depth=depth)
        )
        self._unpack = Unpacker(colour, 1, depth, alpha=False, size=size)

    def frames(self) -> Iterator[Frame]:
        """Read all frames; a pipe that breaks off ends there, and that is said."""
        try:
            for raw in self._container.decode(video=0):
                pts = raw.pts or 0
                yield Frame(pts, raw.duration or 1, lambda raw=raw: self._unpack(raw))  # type: ignore[misc]
        except FFmpegError as error:
            self.early = f"the frames break off: {error.strerror}"


class Y4mSink(PipeSink):
    """Writes y4m (https://wiki.multimedia.cx/index.php/YUV4MPEG2).

    Args:
        file: where to write.
        clip: size, rate, aspect and colours of what will come.
        pixel_format: one of `Y4M`.
    """

    def __init__(self, file: BinaryIO, clip: Clip, pixel_format: str) -> None:
        super().__init__(file, clip)
        self._pack = Packer(pixel_format, clip.colour, (clip.width, clip.height))
        full = "FULL" if clip.colour.range == 2 else "LIMITED"
        words = (
            f"YUV4MPEG2 W{clip.width} H{clip.height}",
            f"F{clip.rate.numerator}:{clip.rate.denominator} Ip",
            f"A{clip.aspect.numerator}:{clip.aspect.denominator}",
            f"C{Y4M[pixel_format]} XCOLORRANGE={full}\n",
        )
        file.write(" ".join(words).encode())

    def add(self, still: Still) -> None:
        """Write a frame; OSError if nobody reads any more."""
        self.pace.add(still.pts)
        frame = self._pack(still.pixels[..., :3])
        self.file.write(b"FRAME\n")
        for plane in frame.planes:
            rows: Array = np.frombuffer(memoryview(plane), np.uint8).reshape(
                plane.height, plane.line_size
            )
            width = plane.width * (2 if self._pack.deep else 1)
            self.file.write(np.ascontiguousarray(rows[:, :width]).data)
