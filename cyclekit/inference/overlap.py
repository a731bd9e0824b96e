"""Runs an iterator ahead of who needs it, and work behind who gives it, in threads."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from queue import Empty, Full, Queue
from typing import Generic, TypeVar

T = TypeVar("T")

_GLANCE = 0.1
"""Seconds between two looks at whether the other side has stopped."""


@dataclass(frozen=True)
class _End:
    """What comes after the last item."""

    error: BaseException | None = None


class _Lane(Generic[T]):
    """A queue with room for a few items, of which either side may leave at any time."""

    def __init__(self, room: int) -> None:
        self._queue: Queue[T | _End] = Queue(room)
        self.closed = threading.Event()

    def put(self, item: T | _End) -> bool:
        """Hand an item over; False if nobody takes it any more."""
        while not self.closed.is_set():
            try:
                self._queue.put(item, timeout=_GLANCE)
                return True
            except Full:
                continue
        return False

    def get(self) -> T | _End:
        """Take the next item; an end if the other side has left."""
        while True:
            try:
                return self._queue.get(timeout=_GLANCE)
            except Empty:
                if self.closed.is_set():
                    return _End()


@contextmanager
def ahead(items: Generator[T], room: int) -> Iterator[Iterator[T]]:
    """Run a generator in a thread of its own; it is closed there, whatever happens.

    Args:
        items: what to run; what it raises is raised where its items are used.
        room: items that may wait.
    """
    lane: _Lane[T] = _Lane(room)

    def run() -> None:
        error: BaseException | None = None
        try:
            for item in items:
                if not lane.put(item):
                    break
        except BaseException as caught:  # raised again where the items are used
            error = caught
        finally:
            items.close()
            lane.put(_End(error))

    thread = threading.Thread(target=run, name="ahead", daemon=True)
    thread.start()
    try:
        yield _taken(lane)
    finally:
        lane.closed.set()
        thread.join()


@contextmanager
def behind(work: Callable[[T], object], room: int) -> Iterator[Callable[[T], None]]:
    """Do work on items in a thread of its own, in order.

    Leaving waits until all is done; leaving by an exception waits for the item at hand only.

    Args:
        work: what to do; what it raises is raised by the next call, or on leaving.
        room: items that may wait.

    Yields:
        What to call with an item.
    """
    lane: _Lane[T] = _Lane(room)
    errors: list[BaseException] = []

    def run() -> None:
        try:
            for item in _taken(lane):
                work(item)
        except BaseException as caught:  # raised again where the work is given
            errors.append(caught)
        finally:
            lane.closed.set()

    def put(item: T) -> None:
        if not lane.put(item) and errors:
            raise errors[0]

    thread = threading.Thread(target=run, name="behind", daemon=True)
    thread.start()
    try:
        yield put
        lane.put(_End())
        thread.join()
    finally:
        lane.closed.set()
        thread.join()
    if errors:
        raise errors[0]


def _taken(lane: _Lane[T]) -> Iterator[T]:
    while not isinstance(item := lane.get(), _End):
        yield item
    if item.error is not None:
        raise item.error
