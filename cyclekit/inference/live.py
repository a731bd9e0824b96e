"""Translates what happens now: frames are dropped, never queued, and the input shrinks to keep up."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import cv2
import numpy as np

from cyclekit.errors import MediaError
from cyclekit.inference.fit import resized
from cyclekit.inference.live_size import InputSize
from cyclekit.media.video.live import Caught, LiveSource
from cyclekit.pixels import Array

T = TypeVar("T")
Step = Callable[[Array], Array]
"""From a frame, uint8 (H, W, 3), to what is shown of it."""
QUALITY = 85
"""Of the JPEGs."""
WINDOW = 2.0
"""Seconds over which rate and latency are taken."""


class Latest(Generic[T]):
    """Room for one item: a newer one takes the place of one that nobody took."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._item: T | None = None
        self._number = self._taken = 0
        self.dropped = 0
        self.closed = False

    def put(self, item: T) -> None:
        """Show an item to whoever looks next."""
        with self._changed:
            self.dropped += self._number > self._taken
            self._item, self._number = item, self._number + 1
            self._changed.notify_all()

    def after(self, number: int, timeout: float | None = None) -> tuple[int, T] | None:
        """Wait for an item newer than `number`; numbers start at 1.

        Returns:
            Its number and the item; None if the time is over, or nothing comes any more.
        """
        with self._changed:
            self._changed.wait_for(lambda: self.closed or self._number > number, timeout)
            if self._number <= number or self._item is None:
                return None
            self._taken = max(self._taken, self._number)
            return self._number, self._item

    def close(self) -> None:
        """Say that nothing comes any more."""
        with self._changed:
            self.closed = True
            self._changed.notify_all()


@dataclass(frozen=True)
class Status:
    """How the preview keeps up."""

    rate: float = 0.0
    """Frames shown in a second."""
    latency_ms: float = 0.0
    """From the moment a frame came to the moment its translation is ready, milliseconds."""
    width: int = 0
    """Columns of the network's input."""
    height: int = 0
    """Rows of the network's input."""
    shown: int = 0
    """Frames since the beginning."""
    dropped: int = 0
    """Frames that came while the network was busy and were left out."""


class Live:
    """A source, a network, and the newest result.

    Args:
        source: where frames come from.
        step: the network and what is done to its result.
        size: how large the network's input may be.
    """

    def __init__(self, source: LiveSource, step: Step, size: InputSize) -> None:
        self._source, self._step, self._size = source, step, size
        self.preview: Latest[bytes] = Latest()
        self.status = Status()
        self._moments: deque[tuple[float, float]] = deque()

    def run(self) -> Iterator[Status]:
        """Translate the newest frame again and again, until the source ends.

        Yields:
            The status after every frame.

        Raises:
            MediaError: if a camera or stream is gone.
        """
        shown = number = 0
        try:
            with _catching(self._source) as caught:
                while found := caught.after(number):
                    number, frame = found
                    self._show(frame)
                    shown += 1
                    self.status = self._look(shown, caught.dropped)
                    yield self.status
        finally:
            self.preview.close()

    def _show(self, frame: Caught) -> None:
        started = time.perf_counter()
        after = self._step(resized(frame.pixels(), *self._size.now))
        self.preview.put(encoded(after))
        now = time.perf_counter()
        self._moments.append((now, now - frame.time))
        self._size.tell(now - started)

    def _look(self, shown: int, dropped: int) -> Status:
        now = self._moments[-1][0]
        while now - self._moments[0][0] > WINDOW:
            self._moments.popleft()
        span = now - self._moments[0][0]
        rate = (len(self._moments) - 1) / span if span else 0.0
        latency = sum(taken for _, taken in self._moments) / len(self._moments)
        width, height = self._size.now
        return Status(round(rate, 2), round(1000 * latency, 1), width, height, shown, dropped)


@contextmanager
def _catching(source: LiveSource) -> Iterator[Latest[Caught]]:
    """Let a thread wait for frames; what ends it is raised where they are used."""
    latest: Latest[Caught] = Latest()
    errors: list[MediaError] = []

    def catch() -> None:
        try:
            for frame in source.frames():
                latest.put(frame)
        except MediaError as error:
            errors.append(error)
        finally:
            latest.close()

    thread = threading.Thread(target=catch, name="live source", daemon=True)
    thread.start()
    try:
        yield latest
    finally:
        source.close()
    if errors:
        raise errors[0]


def encoded(pixels: Array) -> bytes:
    """Turn RGB uint8 (H, W, 3) into a JPEG."""
    bgr: Any = cv2.cvtColor(np.ascontiguousarray(pixels), cv2.COLOR_RGB2BGR)
    _, code = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return bytes(code.tobytes())
