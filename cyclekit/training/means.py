"""Mean losses since somebody last looked."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor


class Means:
    """Sums losses on their device; a loss that a step leaves out counts for the others only."""

    def __init__(self) -> None:
        self._sums: dict[str, Tensor] = {}
        self._counts: dict[str, int] = {}

    def add(self, losses: Mapping[str, Tensor]) -> None:
        """Take in the losses of a step, scalars by name."""
        for name, loss in losses.items():
            self._sums[name] = self._sums.get(name, torch.zeros_like(loss)) + loss
            self._counts[name] = self._counts.get(name, 0) + 1

    def look(self) -> dict[str, float]:
        """Return the means by name."""
        return {name: float(total) / self._counts[name] for name, total in self._sums.items()}

    def take(self) -> dict[str, float]:
        """Return the means by name, and begin anew."""
        means = self.look()
        self._sums, self._counts = {}, {}
        return means
