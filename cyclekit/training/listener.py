"""Who hears of a run's progress."""

from __future__ import annotations

from dataclasses import dataclass

from cyclekit.training.progress import Progress


@dataclass(frozen=True)
class Tick:
    """What is told every now and then."""

    progress: Progress
    """The moment."""
    losses: dict[str, float]
    """Mean weighted losses since the last tick."""
    speed: float
    """Pictures of each domain a second since the last tick."""


class Listener:
    """Hears what happens; this one does nothing with it."""

    def start(self, progress: Progress) -> None:
        """The run begins, or goes on, here."""

    def tick(self, tick: Tick) -> None:
        """Some pictures later."""

    def note(self, message: str) -> None:
        """Something the user should know."""
