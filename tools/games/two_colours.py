"""A world whose true mapping is known: the same patterns, of another colour in each domain."""

from __future__ import annotations

from collections.abc import Sequence

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
LEVEL = 0.9
"""Of the brightest spot; black is as far below 0. At -1, a generator that makes black only would have
no slope left to learn by: its tanh ends there."""
MOVING = (2, 3, 4)
"""Where the frames of a clip are cut out of a wide pattern: one pixel further each."""


def patterns(count: int, channel: int, seed: int) -> Tensor:
    """Draw soft spots of one colour on black: (N, 3, 16, 16) in [-LEVEL, LEVEL].

    Upper and lower edge stay black, so that swapping light and dark makes other patterns: who
    learns that instead of the true mapping can be told.
    """
    return _drawn(count, channel, seed, 5, SIDE)


def clips(count: int, channel: int, seed: int) -> Tensor:
    """Draw such patterns that move by a pixel a frame: (N, 9, 16, 16), of the same range."""
    wide = _drawn(count, channel, seed, 7, SIDE + 8)
    return torch.cat([wide[..., left : left + SIDE] for left in MOVING], dim=1)


def recoloured(pictures: Tensor, old: int, new: int) -> Tensor:
    """Do what the true mapping does."""
    order = [RED, GREEN, BLUE]
    order[old], order[new] = new, old
    return pictures[:, order]


def learn(method: Method, batches: Sequence[Batch], rate: float = 2e-3, seed: int = 0) -> None:
    """Train on some batches, one step each, the rate falling in the second half."""
    torch.manual_seed(seed)
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


def _drawn(count: int, channel: int, seed: int, points: int, width: int) -> Tensor:
    draws = torch.Generator().manual_seed(seed)
    pictures = torch.full((count, 3, SIDE, width), -LEVEL)
    coarse = LEVEL * (2 * torch.rand(count, 1, 5, points, generator=draws).round() - 1)
    coarse[:, :, [0, -1]] = -LEVEL
    pictures[:, channel : channel + 1] = F.interpolate(coarse, (SIDE, width), mode="bilinear")
    return pictures
