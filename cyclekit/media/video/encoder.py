"""Encodes frames into a file of their own, which can later be joined with others."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import av
from av.codec.context import Flags
from av.packet import Packet

from cyclekit.media.video.clip import Clip, Still
from cyclekit.media.video.convert import Packer
from cyclekit.media.video.encoding import Encoding
from cyclekit.media.video.work import Segment

os.environ.setdefault("SVT_LOG", "1")  # or its AV1 encoder writes a page to stderr

_AVX512F = 13
"""OpenCV's number of that feature of a processor."""
_MOST_DELAY = 16
"""Frames by which no encoder codes one after its place on the screen."""


class Encoder:
    """Encodes frames; the first is a key frame, and none needs another file.

    Args:
        path: the file to write; times in it begin at zero.
        encoding: how.
        clip: size, time base, rate, aspect and colours of what will come.
    """

    def __init__(self, path: Path, encoding: Encoding, clip: Clip) -> None:
        self._path = path
        self._time_base = clip.time_base
        self._pack = Packer(encoding.pixel_format, clip.colour, (clip.width, clip.height))
        scale = {"video_track_timescale": str(clip.time_base.denominator)}
        kind = "mov" if encoding.codec.encoder.startswith("prores") else "mp4"
        self._container = av.open(str(path), "w", format=kind, container_options=scale)
        stream: Any = self._container.add_stream(encoding.codec.encoder, rate=clip.rate)
        stream.width, stream.height = clip.width, clip.height
        stream.pix_fmt = encoding.pixel_format
        stream.options = {**encoding.options, **_repeatable(encoding.codec.encoder)}
        context = stream.codec_context
        context.time_base = clip.time_base
        context.sample_aspect_ratio = clip.aspect
        context.flags |= Flags.global_header
        tag(context, clip)
        self._stream = stream
        self._shown: list[int] = []
        self._coded: list[int] = []
        self._end = 0

    def add(self, still: Still) -> None:
        """Encode a frame.

        Raises:
            av.error.FFmpegError: if the file cannot be written.
        """
        frame = self._pack(still.pixels)
        self._shown.append(still.pts)
        self._end = still.pts + still.duration
        frame.pts = still.pts - self._shown[0]
        frame.time_base = self._time_base
        self._mux(self._stream.encode(frame))

    def close(self) -> Segment:
        """Encode what is left, and end the file.

        Raises:
            av.error.FFmpegError: if the file cannot be written.
        """
        self._mux(self._stream.encode(None))
        self._container.close()
        return Segment(self._path.name, tuple(self._shown), self._end, self._delay())

    def abandon(self) -> None:
        """Leave the file as it is."""
        self._container.close()

    def _mux(self, packets: Iterable[Packet[Any]]) -> None:
        for packet in packets:
            assert packet.pts is not None
            packet.dts = self._due(len(self._coded))
            self._coded.append(packet.pts)
            self._container.mux(packet)

    def _due(self, number: int) -> int:
        """Return when a frame is decoded; x265 makes that up where a segment has two frames."""
        early = number - _MOST_DELAY
        return early if early < 0 else self._shown[early] - self._shown[0]

    def _delay(self) -> int:
        """Count by how many frames a frame is coded, at most, after its place on the screen."""
        rank = {pts: place for place, pts in enumerate(sorted(self._coded))}
        return max(place - rank[pts] for place, pts in enumerate(self._coded))


def _repeatable(encoder: str) -> dict[str, str]:
    """Return options without which an encoder makes now this, now that of the same frames.

    x264 (core 165) reads memory that it never wrote where it spreads costs with AVX-512.
    """
    import cv2

    if encoder == "libx264" and cv2.checkHardwareSupport(_AVX512F):
        return {"x264-params": "asm=avx2"}
    return {}


def tag(context: Any, clip: Clip) -> None:
    """Write the colours of a clip into a codec context."""
    colour = clip.colour
    context.colorspace, context.color_range = colour.matrix, colour.range
    context.color_primaries, context.color_trc = colour.primaries, colour.transfer
