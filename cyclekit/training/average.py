"""Averages of the generators' weights: what is saved, because it is better than any moment."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from cyclekit.models import Generator


class Average:
    """Exponential average of weights, float32, by half-life in pictures.

    The half-life grows with the run up to a twentieth of the pictures seen, so that first weights
    are forgotten (StyleGAN2-ADA's ramp-up, https://arxiv.org/abs/2006.06676).

    Args:
        generators: networks by direction; copied.
        half_life: pictures after which a weight counts half; 0 follows without delay.
    """

    RAMP_UP = 0.05

    def __init__(self, generators: Mapping[str, Generator], half_life: float) -> None:
        self.half_life = half_life
        self.generators = {
            direction: copy.deepcopy(generator).eval().requires_grad_(False)
            for direction, generator in generators.items()
        }

    @torch.no_grad()
    def update(self, generators: Mapping[str, Generator], images: int, batch: int) -> None:
        """Take in the weights after a step.

        Args:
            generators: the trained networks.
            images: pictures seen so far.
            batch: pictures of this step.
        """
        half_life = min(self.half_life, self.RAMP_UP * images)
        keep = 0.5 ** (batch / half_life) if half_life else 0.0
        for direction, generator in generators.items():
            average = self.generators[direction]
            # All at once: on a GPU a call a weight would take longer than the arithmetic.
            old: list[Tensor] = list(average.parameters())
            new = [weight.float() for weight in generator.parameters()]
            torch._foreach_lerp_(old, new, 1 - keep)
            for kept, buffer in zip(average.buffers(), generator.buffers(), strict=True):
                kept.copy_(buffer)

    def settled(self) -> dict[str, Generator]:
        """Return the averages, ready for use."""
        for generator in self.generators.values():
            generator.settle()
        return self.generators

    def state_dict(self) -> dict[str, Any]:
        """Return the averaged weights by direction."""
        return {name: network.state_dict() for name, network in self.generators.items()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take back what `state_dict` returned."""
        for name, network in self.generators.items():
            network.load_state_dict(state[name])
