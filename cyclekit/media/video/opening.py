"""Opens a video file, and describes what is in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import av
from av.container import InputContainer
from av.error import FFmpegError
from av.packet import Packet
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from PIL import Image

from cyclekit.errors import MediaError
from cyclekit.media.video.clip import Clip, Colour
from cyclekit.media.video.orientation import swaps_sides

DEFAULT_RATE = Fraction(25)
"""Frames a second where nothing says it."""


@contextmanager
def opened(path: Path) -> Iterator[tuple[InputContainer, VideoStream]]:
    """Open a file; give it and the stream of its frames.

    Raises:
        MediaError: if it cannot be read, or holds no video.
    """
    try:
        container = av.open(str(path), metadata_errors="replace")
    except (FFmpegError, ValueError) as error:
        raise MediaError(f"{path}: {_reason(path, error)}") from error
    with container:
        stream = next((s for s in container.streams.video if _plays(s)), None)
        if stream is None:
            raise MediaError(f"{path}: there is no video in this file")
        if stream.codec_context.name == "h264":
            # FFmpeg's threads over slices neither hide nor tell what is damaged, and its threads
            # over frames hide it in now this, now that way.
            stream.thread_type = "NONE"
        yield container, stream


def decoded(stream: VideoStream, packet: Packet[VideoStream] | None) -> list[VideoFrame] | None:
    """Decode a packet, or what is left for None; None if it cannot be."""
    try:
        return stream.decode(packet)
    except FFmpegError:
        return None


def describe(container: InputContainer, stream: VideoStream, frame: VideoFrame, turn: int) -> Clip:
    """Describe a video by what its file and its first frame say.

    Args:
        container: the file.
        stream: its frames.
        frame: the first of them.
        turn: how frames are turned upright, as EXIF numbers it.
    """
    assert stream.time_base is not None
    width, height = stream.width, stream.height
    aspect = stream.sample_aspect_ratio or Fraction(1)
    if swaps_sides(turn):
        width, height, aspect = height, width, 1 / aspect
    components = frame.format.components
    start = container.start_time or 0
    return Clip(
        width,
        height,
        stream.time_base,
        stream.average_rate or stream.guessed_rate or DEFAULT_RATE,
        stream.frames or None,
        Fraction(start, av.time_base),
        aspect,
        _colour(frame),
        max(component.bits for component in components),
        any(component.is_alpha for component in components) or frame.format.has_palette,
    )


def loops(path: Path) -> int:
    """Read how often a GIF is repeated, which FFmpeg does not tell."""
    try:
        with Image.open(path, formats=["GIF"]) as image:
            return int(image.info.get("loop", -1))
    except (OSError, SyntaxError, ValueError):
        return 0


def _plays(stream: VideoStream) -> bool:
    cover = bool(stream.disposition & Disposition.attached_pic)
    return not cover and stream.codec_context is not None


def _reason(path: Path, error: Exception) -> str:
    if not path.exists():
        return "no such file or folder"
    if path.is_file() and not path.stat().st_size:
        return "the file is empty"
    if isinstance(error, OSError):
        return f"cannot be read: {error.strerror}"
    return "no video that can be read"


def _colour(frame: VideoFrame) -> Colour:
    matrix = 0 if frame.format.is_rgb or frame.format.has_palette else int(frame.colorspace)
    full = frame.format.name.startswith("yuvj")
    range_ = 2 if full else int(frame.color_range)
    return Colour(matrix, int(frame.color_primaries), int(frame.color_trc), range_)
