"""Sound, subtitles, chapters and metadata: what goes along with the frames, untouched if it can."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

import av
from av.container import InputContainer, OutputContainer
from av.error import FFmpegError
from av.packet import Packet
from av.stream import Discard, Disposition

from cyclekit.media.video.codecs import Container
from cyclekit.media.video.opening import opened
from cyclekit.media.video.transcode import TEXT, Sound, Subtitles
from cyclekit.media.video.window import Window

_OF_A_FILE = {"major_brand", "minor_version", "compatible_brands", "encoder", "duration"}
_PLAIN = {
    "title", "artist", "album_artist", "composer", "album", "date", "comment", "genre",
    "copyright", "grouping", "lyrics", "description", "synopsis", "show", "episode_id", "network",
    "keywords", "track", "disc", "creation_time",
}  # fmt: skip
"""Metadata that MP4 has a place for; what goes beyond needs another kind of list."""


_ENDINGS = {"mjpeg": "jpg"}
_MIME = {"mjpeg": "jpeg"}


class Route(Protocol):
    """How the packets of one stream get into the new file."""

    stream: Any
    """The new stream."""

    def packets(self, packet: Packet[Any] | None) -> Iterator[Packet[Any]]:
        """Turn a packet of the old stream into some of the new; None at the end."""


@dataclass(frozen=True)
class Companion:
    """What becomes of a stream that is not translated."""

    index: int
    """Its place in the old file."""
    way: Literal["copy", "cover", "sound", "subtitles", "leave"]
    """As it is, as the cover, transcoded, or not at all."""
    note: str = ""
    """What the user should know."""


def companions(path: Path, container: Container) -> tuple[Companion, ...]:
    """Decide what becomes of every stream but the frames.

    Args:
        path: the file they come from.
        container: the kind of file they go to.

    Raises:
        MediaError: if the file cannot be read.
    """
    with opened(path) as (source, video):
        others = [stream for stream in source.streams if stream.index != video.index]
        covered = container.format == "matroska" or (
            container.format == "mp4" and not needs_long_list(source)  # it holds only one of them
        )
        return tuple(_companion(stream, container, covered) for stream in others)


def _companion(stream: Any, container: Container, covered: bool) -> Companion:
    what = f"{_kind(stream)} (stream {stream.index})"
    cover = stream.type == "video" and stream.disposition & Disposition.attached_pic
    leave = Companion(stream.index, "leave", f"{what} is left out")
    if stream.discard == Discard.all:  # titles of chapters, which are copied as chapters
        return Companion(stream.index, "leave")
    if stream.type == "data" or (stream.type == "video" and not cover):
        return leave
    if cover and not covered:
        return Companion(stream.index, "leave", f"cover (stream {stream.index}) is left out")
    if container.audio and _holds(container.format, stream):
        return Companion(stream.index, "cover" if cover else "copy")
    short = container.format.replace("matroska", "mkv")
    if stream.type == "audio" and container.audio and stream.codec_context is not None:
        note = f"{what} does not go into {short}: transcoded to {container.audio[-4:].strip('b')}"
        return Companion(stream.index, "sound", note)
    if stream.type == "subtitle" and container.subtitles and stream.codec_context.name in TEXT:
        note = f"{what} does not go into {short}: made into {container.subtitles}"
        return Companion(stream.index, "subtitles", note)
    return Companion(stream.index, "leave", f"{what} does not go into {short}: left out")


def _kind(stream: Any) -> str:
    if stream.codec_context is None:
        return str(stream.type)
    return f"{stream.type} {stream.codec_context.codec.canonical_name}"


def _holds(format_: str, stream: Any) -> bool:
    """Try whether a format takes a stream as it is; asking is not enough, for it may promise."""
    try:
        with av.open(io.BytesIO(), "w", format=format_) as trial:
            trial.add_stream_from_template(stream, opaque=True)
            trial.start_encoding()
    except (FFmpegError, ValueError):
        return False
    return True


def add_companion(
    output: OutputContainer, stream: Any, way: str, container: Container, window: Window
) -> Route:
    """Add the new stream for an old one, with its labels.

    Args:
        output: where to.
        stream: the old one.
        way: "copy", "cover", "sound" or "subtitles".
        container: the kind of file.
        window: what is kept.
    """
    route: Route
    if way == "cover":
        route = Cover(stream, output)
    elif way == "sound":
        assert container.audio is not None
        route = Sound(stream, output, container.audio, window)
    elif way == "subtitles":
        assert container.subtitles is not None
        route = Subtitles(stream, output, container.subtitles, window)
    else:
        route = Copy(stream, output, window)
    if route.stream.type != "attachment":
        copy_labels(stream, route.stream)
    return route


def copy_labels(old: Any, new: Any) -> None:
    """Give a new stream the metadata and the role of an old one."""
    told = {key: value for key, value in old.metadata.items() if key.lower() != "duration"}
    if old.type == "video":
        told = {
            key: value
            for key, value in told.items()
            if key.lower() in ("language", "title", "handler_name", "creation_time")
        }
    new.metadata.update(told)
    new.disposition = old.disposition


def copy_headers(source: InputContainer, output: OutputContainer, window: Window) -> None:
    """Copy chapters, and the metadata that is about the content."""
    output.metadata.update(metadata(source))
    if chapters := window.chapters(source.chapters()):
        output.set_chapters(chapters)


def metadata(source: InputContainer) -> dict[str, str]:
    """Return the metadata of a file that is about its content."""
    return {k: v for k, v in source.metadata.items() if k.lower() not in _OF_A_FILE}


def needs_long_list(source: InputContainer) -> bool:
    """Whether MP4 has no place of its own for some of the metadata."""
    return not {key.lower() for key in metadata(source)} <= _PLAIN


class Cover:
    """The one picture of a stream that is a cover: it has no time.

    Args:
        old: where it comes from.
        output: gets a new stream or, where covers are attachments, the picture itself.
    """

    def __init__(self, old: Any, output: OutputContainer) -> None:
        kind = old.codec_context.name
        self._attached = output.format.name == "matroska"
        if self._attached:
            picture = _only_packet(old)
            name = f"cover.{_ENDINGS.get(kind, kind)}"
            self.stream: Any = output.add_attachment(
                name, f"image/{_MIME.get(kind, kind)}", picture
            )
        else:
            self.stream = output.add_stream_from_template(old, opaque=True)

    def packets(self, packet: Packet[Any] | None) -> Iterator[Packet[Any]]:
        """Give the picture back."""
        if packet is not None and packet.size and not self._attached:
            packet.stream, packet.pts, packet.dts = self.stream, 0, 0
            yield packet


def _only_packet(stream: Any) -> bytes:
    with av.open(stream.container.name) as source:
        packets = source.demux(source.streams[stream.index])
        return next(bytes(packet) for packet in packets if packet.size)


class Copy:
    """Packets as they are, but for the shift in time.

    Args:
        old: where packets come from.
        output: gets a new stream.
        window: what is kept.
    """

    def __init__(self, old: Any, output: OutputContainer, window: Window) -> None:
        self.stream: Any = output.add_stream_from_template(old, opaque=True)
        if old.time_base is not None:
            self.stream.time_base = old.time_base
        self._window = window
        self._end = None if old.duration is None else (old.start_time or 0) + old.duration

    def packets(self, packet: Packet[Any] | None) -> Iterator[Packet[Any]]:
        """Give a packet back, if it is in the window."""
        if packet is None or not packet.size or packet.pts is None:
            return
        if self._window.holds(packet.pts * packet.time_base):
            if self._end is not None and packet.duration and packet.pts < self._end:
                # An edit list may have said that the last samples are not heard.
                packet.duration = min(packet.duration, self._end - packet.pts)
            packet.stream = self.stream
            yield self._window.shifted(packet)
