"""Which model of a run was the best so far, and whether it is worth going on."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from cyclekit.training.held_out import Evaluation


@dataclass(frozen=True)
class Selection:
    """The best evaluation so far; part of the run's state."""

    score: float | None = None
    """Its score, lower is better; None before the first evaluation."""
    images: int = 0
    """Pictures seen at the best evaluation."""
    since: int = 0
    """Evaluations since then that were no better."""

    def after(self, evaluation: Evaluation) -> Selection:
        """Return what holds after another evaluation."""
        if self.score is None or evaluation.score < self.score:
            return Selection(evaluation.score, evaluation.images)
        return Selection(self.score, self.images, self.since + 1)

    def exhausted(self, patience: int | None) -> bool:
        """Say whether as many evaluations as `patience` brought nothing better."""
        return patience is not None and self.since >= patience

    def plain(self) -> dict[str, Any]:
        """Return plain values for the state file."""
        return asdict(self)
