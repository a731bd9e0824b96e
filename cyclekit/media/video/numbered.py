"""Writes a run of pictures with numbers."""

from __future__ import annotations

from cyclekit.media.video.clip import Still
from cyclekit.media.video.sequence import FIRST, Pattern, write_picture
from cyclekit.media.video.work import Segment


class Pictures:
    """Writes frames as pictures, each whole when it appears.

    Args:
        pattern: their names.
        done: frames that were written before.
    """

    def __init__(self, pattern: Pattern, done: int) -> None:
        self._pattern = pattern
        self._next = FIRST + done
        self._shown: list[int] = []
        self._end = 0

    def add(self, still: Still) -> None:
        """Write a frame.

        Raises:
            MediaError: if it cannot be written.
        """
        write_picture(self._pattern.folder / self._pattern.name(self._next), still)
        self._next += 1
        self._shown.append(still.pts)
        self._end = still.pts + still.duration

    def close(self) -> Segment:
        """Say what was written."""
        return Segment("", tuple(self._shown), self._end)

    def abandon(self) -> None:
        """Leave the pictures; the next run writes them again."""
