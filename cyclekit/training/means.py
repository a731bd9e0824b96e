"""Mean losses since somebody last looked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from cyclekit.training.distributed import Team, average


class Means:
    """Sums losses on their device; a loss that a step leaves out counts for the others only.

    Args:
        team: the processes that share every batch; all of them see the same means.
    """

    def __init__(self, team: Team = Team()) -> None:  # noqa: B008 (frozen)
        self._team = team
        self._sums: dict[str, Tensor] = {}
        self._counts: dict[str, int] = {}

    def add(self, losses: Mapping[str, Tensor]) -> None:
        """Take in the losses of a step, scalars by name."""
        for name, loss in losses.items():
            self._sums[name] = self._sums.get(name, torch.zeros_like(loss)) + loss
            self._counts[name] = self._counts.get(name, 0) + 1

    def look(self) -> dict[str, float]:
        """Return the means by name; every process must look when one does."""
        if not self._sums:
            return {}
        means = [total / self._counts[name] for name, total in self._sums.items()]
        together = average(torch.stack([mean.float() for mean in means]), self._team)
        return dict(zip(self._sums, together.tolist(), strict=True))

    def take(self) -> dict[str, float]:
        """Return the means by name, and begin anew."""
        means = self.look()
        self._sums, self._counts = {}, {}
        return means

    def state(self) -> dict[str, Any]:
        """Return plain values and tensors for the run's state."""
        sums = {name: total.cpu() for name, total in self._sums.items()}
        return {"sums": sums, "counts": dict(self._counts)}

    def restore(self, state: Mapping[str, Any], device: torch.device) -> None:
        """Take back what `state` returned."""
        self._sums = {name: total.to(device) for name, total in state["sums"].items()}
        self._counts = dict(state["counts"])
