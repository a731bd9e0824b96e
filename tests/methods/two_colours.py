"""A world whose true mapping is known: the same patterns, of another colour in each domain."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.optim import Adam

from cyclekit.methods import Method
from cyclekit.methods.base import Batch, Moment
from cyclekit.models.initialize import initialize
from cyclekit.training.step import train_step

RED, GREEN, BLUE = range(3)
SIDE = 16


def patterns(count: int, channel: int, seed: int) -> Tensor:
    """Draw soft patterns in one colour on black: (N, 3, 16, 16) in [-1, 1]."""
    draws = torch.Generator().manual_seed(seed)
    pictures = torch.full((count, 3, SIDE, SIDE), -1.0)
    coarse = torch.rand(count, 1, 5, 5, generator=draws) * 2 - 1
    pictures[:, channel : channel + 1] = F.interpolate(coarse, (SIDE, SIDE), mode="bilinear")
    return pictures


def recoloured(pictures: Tensor, old: int, new: int) -> Tensor:
    """Do what the true mapping does."""
    order = [RED, GREEN, BLUE]
    order[old], order[new] = new, old
    return pictures[:, order]


def learn(method: Method, batches: list[Batch], rate: float = 2e-3) -> None:
    """Train on some batches, one step each, the rate falling in the second half."""
    torch.manual_seed(0)
    initialize(method, "kaiming")
    optimizers = {
        phase.name: Adam([p for n in phase.networks for p in n.parameters()], rate, (0.5, 0.99))
        for phase in method.phases()
    }
    for step, batch in enumerate(batches):
        share = step / len(batches)
        for optimizer in optimizers.values():
            optimizer.param_groups[0]["lr"] = rate * min(1, 2 - 2 * share)
        train_step(method, optimizers, batch, seed=2 * step, moment=Moment(step, share))
    method.eval()


def unpaired(steps: int, count: int = 8) -> list[Batch]:
    """Make batches of red and of blue pictures that share no pattern."""
    return [
        {"a": patterns(count, RED, 2 * step), "b": patterns(count, BLUE, 2 * step + 1)}
        for step in range(steps)
    ]


def error(output: Tensor, target: Tensor) -> float:
    """Mean absolute difference, 0 to 2."""
    return float((output - target).abs().mean())
