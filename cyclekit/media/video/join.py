"""Joins finished segments with what goes along, without encoding a frame again."""

from __future__ import annotations

import heapq
from array import array
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from fractions import Fraction
from math import lcm
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer, OutputContainer
from av.error import FFmpegError
from av.packet import Packet

from cyclekit.media.video.clip import Clip
from cyclekit.media.video.companions import (
    Companion,
    Route,
    add_companion,
    copy_headers,
    copy_labels,
    needs_long_list,
)
from cyclekit.media.video.encoder import tag
from cyclekit.media.video.encoding import Encoding
from cyclekit.media.video.opening import opened
from cyclekit.media.video.window import Window
from cyclekit.media.video.work import Segment

_MP4 = ("mp4", "mov")
_LARGEST_SCALE = 2**31 - 1


def join(
    path: Path,
    folder: Path,
    segments: Sequence[Segment],
    encoding: Encoding,
    clip: Clip,
    source: Path | None,
    companions: Sequence[Companion],
    window: Window,
) -> None:
    """Write a video of segments, with the companions of its source.

    Args:
        path: the file to write.
        folder: where the segments are.
        segments: finished by `Encoder`, all in the same way.
        encoding: how they were encoded.
        clip: what was encoded.
        source: the file that companions come from; None if there are none.
        companions: from `cyclekit.media.video.companions.companions`.
        window: what is kept of them.

    Raises:
        av.error.FFmpegError: if the file cannot be written.
    """
    with ExitStack() as stack:
        old, frames = stack.enter_context(opened(source)) if source else (None, None)
        options = _options(encoding.container.format, clip, old)
        output = stack.enter_context(
            av.open(str(path), "w", format=encoding.container.format, container_options=options)
        )
        first = stack.enter_context(av.open(str(folder / segments[0].file)))
        ways = {companion.index: companion.way for companion in companions}
        routes: dict[int, Route] = {}
        for stream in old.streams if old else [None]:
            if stream is None or stream is frames:
                video = _video_stream(output, first, encoding, clip, stream)
            elif ways.get(stream.index, "leave") != "leave":
                way = ways[stream.index]
                routes[stream.index] = add_companion(
                    output, stream, way, encoding.container, window
                )
        if old:
            copy_headers(old, output, window)
        packets = [_video_packets(folder, segments, clip, video)]
        if old and routes:
            packets.append(_companion_packets(old, routes))
        for packet in heapq.merge(*packets, key=_time):
            output.mux(packet)


def _options(format_: str, clip: Clip, source: InputContainer | None) -> dict[str, str]:
    """Make times exact: MP4 counts edits in milliseconds, and Matroska moves all, if not told."""
    if format_ not in _MP4:
        return {"avoid_negative_ts": "disabled"}
    bases = [s.time_base for s in source.streams if s.time_base] if source else []
    scale = lcm(clip.time_base.denominator, *(base.denominator for base in bases))
    flags = "+faststart" + "+use_metadata_tags" * (source is not None and needs_long_list(source))
    return {
        "video_track_timescale": str(clip.time_base.denominator),
        "movie_timescale": str(scale if scale <= _LARGEST_SCALE else 1_000_000),
        "movflags": flags,
    }


def _video_stream(
    output: OutputContainer, first: InputContainer, encoding: Encoding, clip: Clip, old: Any
) -> Any:
    stream: Any = output.add_stream_from_template(first.streams.video[0], opaque=True)
    stream.time_base = _unit(clip)
    context = stream.codec_context
    context.sample_aspect_ratio, context.framerate = clip.aspect, clip.rate
    tag(context, clip)
    if encoding.codec.encoder == "libx265" and encoding.container.format in _MP4:
        context.codec_tag = "hvc1"  # the one that Apple's players know
    if old is not None:
        copy_labels(old, stream)
    return stream


def _video_packets(
    folder: Path, segments: Sequence[Segment], clip: Clip, stream: Any
) -> Iterator[Packet[Any]]:
    """Read the packets of all segments, in the order of coding, with times of the whole video.

    A frame is decoded as many frames before its place on the screen as any frame needs, counted
    over the whole video, so that the times of decoding rise from one segment to the next.
    """
    units = clip.time_base.numerator
    shown = array("q", (pts * units for segment in segments for pts in segment.pts))
    delay = max(segment.delay for segment in segments)
    step = shown[1] - shown[0] if len(shown) > 1 else 1
    shown.append(segments[-1].end * units)
    number = 0
    for segment in segments:
        places = {pts * units: number + rank for rank, pts in enumerate(segment.pts)}
        for packet in _read(folder / segment.file):
            assert packet.pts is not None
            early = number - delay
            packet.pts += segment.pts[0] * units
            packet.dts = shown[early] if early >= 0 else shown[0] + early * step
            packet.duration = shown[places[packet.pts] + 1] - packet.pts
            packet.time_base = _unit(clip)
            packet.stream = stream
            number += 1
            yield packet


def _unit(clip: Clip) -> Fraction:
    """Give the time base of MP4: the clip's, with 1 above the line."""
    return Fraction(1, clip.time_base.denominator)


def _read(path: Path) -> Iterator[Packet[Any]]:
    with av.open(str(path)) as container:
        yield from (packet for packet in container.demux(video=0) if packet.size)


def _companion_packets(source: InputContainer, routes: dict[int, Route]) -> Iterator[Packet[Any]]:
    """Read the packets of all companions; a file that breaks off ends there."""
    try:
        for packet in source.demux([source.streams[index] for index in routes]):
            yield from routes[packet.stream.index].packets(packet if packet.size else None)
    except FFmpegError:
        for route in routes.values():
            yield from route.packets(None)


def _time(packet: Packet[Any]) -> Fraction:
    time = packet.dts if packet.dts is not None else packet.pts
    return (time or 0) * packet.time_base
