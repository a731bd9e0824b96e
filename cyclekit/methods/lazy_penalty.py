"""A gradient penalty of critics that is due every few steps only."""

from __future__ import annotations

from torch import Tensor

from cyclekit.losses import PENALTIES
from cyclekit.losses.penalty import Judge
from cyclekit.methods.bounds import require_weights
from cyclekit.methods.draws import Draws
from cyclekit.registry import Spec


class LazyPenalty:
    """Lazy regularisation (https://arxiv.org/abs/1912.04958, section 3.1).

    Args:
        name: of the penalty; none for none.
        weight: of the penalty; of r1 and r2, gamma.
        every: steps between two penalties; each weighs as many times as much.
    """

    def __init__(self, name: str, weight: float, every: int) -> None:
        require_weights(penalty_weight=weight)
        if every < 1:
            raise ValueError(f"penalty_every must be at least 1, got {every}")
        self.penalty = None if name == "none" else PENALTIES.create(Spec(name))
        self.weight, self.every = weight, every

    def is_due(self, step: int) -> bool:
        """Say whether a step, counted from 0, has a penalty."""
        return self.penalty is not None and step % self.every == 0

    def __call__(self, judge: Judge, real: Tensor, fake: Tensor, seed: int) -> Tensor:
        """Return the weighted penalty of one critic.

        Args:
            judge: the critic.
            real: pictures (N, C, H, W).
            fake: as many generated ones.
            seed: decides what lies between them; the same on every process.
        """
        assert self.penalty is not None  # who is never due is never called
        mix = Draws(seed, "penalty", real).uniform()
        return self.weight * self.every * self.penalty(judge, real, fake, mix)
