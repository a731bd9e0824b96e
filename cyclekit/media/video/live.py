"""Frames as they happen: a camera, a stream, or a file that plays as one."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer
from av.error import BlockingIOError as NotYet
from av.error import FFmpegError
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from cyclekit.errors import MediaError
from cyclekit.media.picture import Array
from cyclekit.media.video.convert import Unpacker
from cyclekit.media.video.opening import describe
from cyclekit.media.video.orientation import UPRIGHT, orientation

CAMERAS = {
    "linux": ("v4l2", "/dev/video{}"),
    "darwin": ("avfoundation", "{}"),
    "win32": ("dshow", "video={}"),
}
"""FFmpeg's way to cameras on each system, and what camera 0 is called there."""
PATIENCE = 10.0
"""Seconds without a frame after which a source counts as gone."""
_PAUSE = 0.005
_HOPELESS = 1.0
"""Seconds behind its own times from which on a file does not try to catch up."""


@dataclass(frozen=True)
class Caught:
    """A frame, the moment it came."""

    time: float
    """When, on the clock of `time.perf_counter`."""
    pixels: Callable[[], Array]
    """Gives uint8 RGB, (H, W, 3)."""


class LiveSource:
    """A camera, a stream or a file, opened once.

    Args:
        name: the number of a camera or its device, an address such as rtsp://..., or a file.
        once: end where a file ends, rather than begin again.

    Raises:
        MediaError: if it cannot be opened, or sends no picture.
    """

    def __init__(self, name: str, *, once: bool = False) -> None:
        self.name = name
        self._where, self._format, self.is_file = _find(name)
        self._once = once
        self._closed = threading.Event()
        self._container, self._stream = self._opened()
        first = next(self._decoded(), None)
        if first is None:
            raise MediaError(f"{name}: no frame of it can be decoded")
        self._first = first
        turn = orientation(first) or UPRIGHT
        clip = describe(self._container, self._stream, first, turn)
        self.width, self.height, self.rate = clip.width, clip.height, float(clip.rate)
        size = (self._stream.width, self._stream.height)
        self._unpack = Unpacker(clip.colour, turn, 8, False, size)

    def frames(self) -> Iterator[Caught]:
        """Wait for one frame after another; those of a file come at its own pace.

        Raises:
            MediaError: if a camera or a stream ends.
        """
        decoded: Iterator[VideoFrame] = chain([self._first], self._decoded())
        while not self._closed.is_set():
            yield from map(self._caught, self._paced(decoded) if self.is_file else decoded)
            if self._closed.is_set() or (self.is_file and self._once):
                return
            if not self.is_file:
                raise MediaError(f"{self.name}: it sends no more frames; unplugged, or ended")
            self._container.close()
            self._container, self._stream = self._opened()
            decoded = self._decoded()

    def close(self) -> None:
        """End `frames`, from any thread."""
        self._closed.set()

    def _caught(self, frame: VideoFrame) -> Caught:
        return Caught(time.perf_counter(), partial(self._unpack, frame))

    def _paced(self, frames: Iterable[VideoFrame]) -> Iterator[VideoFrame]:
        """Hold frames back until it is their time."""
        start: float | None = None
        for number, frame in enumerate(frames):
            at = number / self.rate if frame.time is None else frame.time
            now = time.perf_counter()
            if start is None or now - start - at > _HOPELESS:
                start = now - at
            if self._closed.wait(max(0.0, start + at - now)):
                return
            yield frame

    def _decoded(self) -> Iterator[VideoFrame]:
        """Decode until the end, or until nothing comes any more."""
        packets: Iterator[Any] = self._container.demux(self._stream)
        heard = time.perf_counter()
        while not self._closed.is_set():
            try:
                yield from self._stream.decode(next(packets))
                heard = time.perf_counter()
            except StopIteration:
                return
            except NotYet:  # a camera that has no frame yet
                if time.perf_counter() - heard > PATIENCE:
                    return
                time.sleep(_PAUSE)
                packets = self._container.demux(self._stream)
            except FFmpegError as error:
                if not _is_damage(error):
                    return

    def _opened(self) -> tuple[InputContainer, VideoStream]:
        how: dict[str, Any] = {} if self.is_file else {"timeout": PATIENCE}
        try:
            container = av.open(self._where, format=self._format, metadata_errors="replace", **how)
        except (FFmpegError, ValueError) as error:
            raise MediaError(f"{self.name}: {_reason(error)}") from error
        if not container.streams.video:
            raise MediaError(f"{self.name}: there is no video in it")
        return container, container.streams.video[0]


def _find(name: str) -> tuple[str, str | None, bool]:
    """Return what FFmpeg calls a source, its format if it must be told, and whether it is a file."""
    form, pattern = CAMERAS.get(sys.platform, CAMERAS["linux"])
    if name.isascii() and name.isdigit():
        return pattern.format(name), form, False
    if name.startswith("/dev/video"):
        return name, form, False
    if "://" in name:
        return name, None, False
    if not Path(name).is_file():
        raise MediaError(f"{name}: no such file; expected a camera's number, an address or a file")
    return name, None, True


def _is_damage(error: FFmpegError) -> bool:
    """Whether only one frame is lost."""
    return isinstance(error, av.error.InvalidDataError)


def _reason(error: Exception) -> str:
    told = error.strerror if isinstance(error, OSError) else str(error)
    return f"cannot be opened: {told or error}"
