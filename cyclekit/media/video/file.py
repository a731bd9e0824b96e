"""Reads a video file through FFmpeg; what is damaged costs frames, never the rest."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from av.container import InputContainer
from av.error import FFmpegError
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from cyclekit.errors import MediaError
from cyclekit.media.video.clip import Clip, Frame
from cyclekit.media.video.convert import Unpacker
from cyclekit.media.video.opening import decoded, describe, loops, opened
from cyclekit.media.video.orientation import UPRIGHT, orientation
from cyclekit.media.video.siting import SILENT_DECODERS
from cyclekit.media.video.times import rising

_MASTERING = ("MASTERING_DISPLAY_METADATA", "CONTENT_LIGHT_LEVEL")


class VideoFile:
    """The first proper video stream of a file.

    Args:
        path: the file.

    Raises:
        MediaError: if it is missing, is no video, or no frame of it can be decoded.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.companions: Path | None = path
        self._errors = self._repeated = self._damaged = 0
        self._early: str | None = None
        self._turn: int | None = UPRIGHT
        self._mastered = False
        self.clip = self._describe()

    def frames(self) -> Iterator[Frame]:
        """Decode all frames, in the order of time; one that cannot be repeats the one before."""
        self._errors = self._repeated = self._damaged = 0
        self._early = None
        with opened(self.path) as (container, stream):
            yield from rising(self._frames(container, stream), self._usual(stream))

    def notes(self) -> tuple[str, ...]:
        """Say what is wrong with the file, as far as it has been read."""
        notes = []
        if self._turn is None:
            notes.append("its display matrix is no quarter turn; frames stay as they are stored")
        if self._mastered:
            notes.append("what it says of the mastering display (HDR10) is left out")
        if self._errors:
            told = f"decode errors: {self._errors}"
            notes.append(f"{told}; frames that repeat the one before: {self._repeated}")
        if self._damaged:
            notes.append(f"damaged frames, shown as far as decoded: {self._damaged}")
        return (*notes, *([self._early] if self._early else []))

    def fingerprint(self) -> dict[str, Any] | None:
        """Return path, size and time of change; None for what is no plain file."""
        if not self.path.is_file():
            return None
        found = self.path.stat()
        return {"path": str(self.path.resolve()), "size": found.st_size, "time": found.st_mtime_ns}

    def unpacker(self, stream: VideoStream) -> Unpacker:
        """Return what turns decoded frames of the file into upright RGB."""
        clip = self.clip
        size = (stream.width, stream.height)
        silent = stream.codec_context.codec.name in SILENT_DECODERS
        return Unpacker(clip.colour, self._turn or UPRIGHT, clip.depth, clip.alpha, size, silent)

    def _describe(self) -> Clip:
        with opened(self.path) as (container, stream):
            packets = container.demux(stream)
            frame = next((raw for packet in packets for raw in decoded(stream, packet) or ()), None)
            if frame is None:
                raise MediaError(f"{self.path}: no frame of it can be decoded")
            self._turn = orientation(frame)
            self._mastered = any(frame.side_data.get(name) is not None for name in _MASTERING)
            clip = describe(container, stream, frame, self._turn or UPRIGHT)
        if clip.alpha and self.path.suffix.lower() == ".gif":
            return replace(clip, alpha=self._is_seen_through(), loop=loops(self.path))
        return clip

    def _is_seen_through(self) -> bool:
        """Whether any pixel is transparent; GIFs have opacity as a rule, and seldom use it."""
        with opened(self.path) as (container, stream):
            packets = container.demux(stream)
            frames = (raw for packet in packets for raw in decoded(stream, packet) or ())
            return any(raw.to_ndarray(format="rgba")[..., 3].min() < 255 for raw in frames)

    def _usual(self, stream: VideoStream) -> int:
        assert stream.time_base is not None
        return max(1, round(1 / self.clip.rate / stream.time_base))

    def _frames(self, container: InputContainer, stream: VideoStream) -> Iterator[Frame]:
        """Yield frames; fill in, from the times of packets, those that a decoder in trouble lost."""
        unpack = self.unpacker(stream)
        expected: list[int] = []
        last: Frame | None = None
        for packet in self._packets(container, stream):
            if packet and packet.size and packet.pts is not None and not packet.is_discard:
                heapq.heappush(expected, packet.pts)
            frames = decoded(stream, packet)
            self._errors += frames is None
            for raw in frames or ():
                self._damaged += raw.is_corrupt
                frame = _frame(raw, unpack, last, self._usual(stream))
                yield from self._lost(expected, last, frame.pts)
                yield frame
                last = frame
        yield from self._lost(expected, last, None)

    def _lost(self, expected: list[int], last: Frame | None, until: int | None) -> Iterator[Frame]:
        """Repeat the last frame at the times before `until` that were announced and did not come."""
        while expected and (until is None or expected[0] <= until):
            pts = heapq.heappop(expected)
            if pts != until and last is not None and self._errors:
                self._repeated += 1
                yield replace(last, pts=pts)

    def _packets(
        self, container: InputContainer, stream: VideoStream
    ) -> Iterator[Packet[VideoStream] | None]:
        """Yield packets, None to end; a file that breaks off ends there, and that is said."""
        end, promised = 0, _promised_end(stream)
        try:
            for packet in container.demux(stream):
                end = max(end, (packet.pts or 0) + (packet.duration or 0))
                yield packet
        except FFmpegError as error:
            self._early = f"the file breaks off at {_seconds(end, stream)}: {error.strerror}"
            yield None
            return
        gap = max(2 * self._usual(stream), 0.1 / (stream.time_base or 1))
        if promised is not None and promised - end > gap:
            told = f"at {_seconds(end, stream)} of {_seconds(promised, stream)}"
            self._early = f"the file breaks off {told}; what is there is done"


def _frame(raw: VideoFrame, unpack: Unpacker, last: Frame | None, usual: int) -> Frame:
    pts = raw.pts
    if pts is None:  # streams without a container
        pts = 0 if last is None else last.pts + (last.duration or usual)
    return Frame(pts, raw.duration, lambda: unpack(raw))


def _promised_end(stream: VideoStream) -> int | None:
    """Read at which time the stream ends, if the file tells."""
    assert stream.time_base is not None
    if stream.duration is not None:
        return (stream.start_time or 0) + stream.duration
    told = stream.metadata.get("DURATION", "")  # Matroska
    try:
        hours, minutes, seconds = told.split(":")
        return round((int(hours) * 3600 + int(minutes) * 60 + float(seconds)) / stream.time_base)
    except ValueError:
        return None


def _seconds(pts: int, stream: VideoStream) -> str:
    return f"{float(pts * (stream.time_base or 1)):.2f} s"
