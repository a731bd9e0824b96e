"""How far a run is; everything that changes over time is a function of it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any


@dataclass(frozen=True)
class Progress:
    """A moment in a run."""

    images: int = 0
    """Pictures of each domain seen so far."""
    total: int | None = None
    """Length of the run in pictures; None until the speed is known."""
    seconds: float = 0.0
    """Time spent, over all sittings."""

    @property
    def done(self) -> bool:
        """Whether the run has reached its length."""
        return self.total is not None and self.images >= self.total

    @property
    def share(self) -> float:
        """Part of the run that is behind, 0 to 1; 0 while the length is unknown."""
        return min(1.0, self.images / self.total) if self.total else 0.0

    def advance(self, images: int, seconds: float) -> Progress:
        """Return the moment after a step of `images` pictures."""
        return replace(self, images=self.images + images, seconds=self.seconds + seconds)

    def again_after(self, lost: Progress) -> Progress:
        """Return this moment as it is once a run came back to it.

        A length that is known stays, and so does the time spent. Where minutes have yet to become
        a length, lost time does not count: it would make the run look slow.

        Args:
            lost: how far the run was.
        """
        if lost.total is None:
            return self
        return replace(self, total=lost.total, seconds=lost.seconds)

    def crossed(self, before: Progress, every: int) -> bool:
        """Say whether a multiple of `every` pictures lies between `before` and now."""
        return self.images // every > before.images // every

    def plain(self) -> dict[str, Any]:
        """Return plain values for the state file."""
        return asdict(self)
