"""What translated frames are given to."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

from cyclekit.media.video.clip import Still
from cyclekit.media.video.window import Window


class Sink(Protocol):
    """Takes frames."""

    @property
    def done(self) -> int:
        """Frames that an earlier run has finished."""

    def remember(self, memory: bytes) -> None:
        """Keep what the translation remembers, where a later run can go on from here."""

    def recall(self) -> bytes | None:
        """Return what was remembered where this run begins; None at the beginning."""

    def add(self, still: Still) -> None:
        """Take the next frame."""

    def finish(self, window: Window) -> tuple[str, ...]:
        """Make the output whole, with what goes along; return what the user should know."""

    def abandon(self) -> None:
        """Stop in the middle; what can be gone on with stays."""


class Output(Protocol):
    """Where frames go; all is checked, nothing is written yet."""

    path: Path
    """What the user named."""
    notes: tuple[str, ...]
    """What the user should know beforehand."""

    def exists(self) -> bool:
        """Whether it is there already."""

    def settings(self) -> dict[str, Any]:
        """Return what its segments depend on, ready for JSON."""

    def open(self, settings: dict[str, Any] | None) -> Sink:
        """Begin, or go on with what a run under the same settings has left."""
