"""Work that goes on beside the caller."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

_THREADS, _AHEAD = 2, 24


def ahead(work: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
    """Work on a few items at a time beside the caller; results in order."""
    pool = ThreadPoolExecutor(_THREADS, "read")
    waiting: deque[Future[R]] = deque()
    try:
        for item in items:
            waiting.append(pool.submit(work, item))
            if len(waiting) > _AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
