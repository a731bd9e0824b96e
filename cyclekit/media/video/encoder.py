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
from cyclekit.media.video.codecs import Encoding
from cyclekit.media.video.colour import Packer
from cyclekit.media.video.work import Segment

os.environ.setdefault("SVT_LOG", "1")  # or its AV1 encoder writes a page to stderr


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
        stream.options = dict(encoding.options)
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
            self._coded.append(packet.pts)
            self._container.mux(packet)

    def _delay(self) -> int:
        """Count by how many frames a frame is coded, at most, after its place on the screen."""
        rank = {pts: place for place, pts in enumerate(sorted(self._coded))}
        return max(place - rank[pts] for place, pts in enumerate(self._coded))


def tag(context: Any, clip: Clip) -> None:
    """Write the colours of a clip into a codec context."""
    colour = clip.colour
    context.colorspace, context.color_range = colour.matrix, colour.range
    context.color_primaries, context.color_trc = colour.primaries, colour.transfer
