"""Writes frames in segments, so that no more than one is ever lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Protocol

from av.error import FFmpegError

from cyclekit.errors import MediaError
from cyclekit.media.video.clip import Still
from cyclekit.media.video.window import Window
from cyclekit.media.video.work import SEGMENT, Segment, Work


class Writer(Protocol):
    """Writes one segment."""

    def add(self, still: Still) -> None:
        """Write a frame."""

    def close(self) -> Segment:
        """Finish; what it returns is whole."""

    def abandon(self) -> None:
        """Stop in the middle."""


class Segmented:
    """Writes frames in segments, and makes the output of them.

    Args:
        work: where finished segments are kept.
        begin: opens the writer of the next segment.
        finish: makes the output of all segments; returns what the user should know.
    """

    def __init__(
        self,
        work: Work,
        begin: Callable[[], Writer],
        finish: Callable[[Window], tuple[str, ...]],
    ) -> None:
        self._work = work
        self._begin = begin
        self._finish = finish
        self._writer: Writer | None = None
        self._count = 0

    @property
    def done(self) -> int:
        """Frames that an earlier run has finished."""
        return sum(len(segment.pts) for segment in self._work.segments)

    def remember(self, memory: bytes) -> None:
        """Keep what the translation remembers, if a segment has just been finished."""
        if self._count == 0:
            with self._told():
                self._work.remember(memory)

    def recall(self) -> bytes | None:
        """Return what was remembered where this run begins; None at the beginning.

        Segments after which nothing was remembered are given up.
        """
        while self._work.segments and (found := self._work.recall()) is None:
            self._work.forget_last()
        return found if self._work.segments else None

    def add(self, still: Still) -> None:
        """Write a frame, and keep the segment when it is full.

        Raises:
            MediaError: if the file system refuses.
        """
        with self._told():
            if self._writer is None:
                self._writer = self._begin()
            self._writer.add(still)
            self._count += 1
            if self._count == SEGMENT:
                self._keep()

    def finish(self, window: Window) -> tuple[str, ...]:
        """Make the output; nothing is left beside it.

        Raises:
            MediaError: if the file system refuses; finished segments then stay.
        """
        with self._told():
            if self._writer is not None:
                self._keep()
            notes = self._finish(window)
        self._work.remove()
        return notes

    def abandon(self) -> None:
        """Stop in the middle; what is there stays if it can be gone on with."""
        if self._writer is not None:
            with suppress(FFmpegError, OSError):  # what went wrong before counts
                self._writer.abandon()
        begun = self._work.found or self._work.segments or self._writer is not None
        if self._work.can_go_on and begun:
            self._work.release()
        else:
            self._work.remove()

    def _keep(self) -> None:
        assert self._writer is not None
        self._work.add(self._writer.close())
        self._writer, self._count = None, 0

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except (FFmpegError, OSError) as error:
            reason = error.strerror or error
            kept = ""
            if self._work.can_go_on and self._work.segments:
                kept = "; what is finished is kept, and the same command goes on from there"
            raise MediaError(f"{self._work.output}: cannot be written: {reason}{kept}") from error
