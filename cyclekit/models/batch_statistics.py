"""What a discriminator is told of the other pictures of the batch, against mode collapse.

One picture alone cannot show that a generator makes the same picture again and again.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Literal

import torch
from torch import Tensor, nn

from cyclekit.devices import full_precision
from cyclekit.models.memory import Memory
from cyclekit.models.processes import gather

Others = Literal["none", "discrimination", "deviation", "statistics"]


class Comparison(nn.Module, ABC):
    """Features (N, C, h, w) beside what the others' features say, mixed to C channels again.

    "The others" are the pictures of the batch, of all processes, and those that a memory recalls.

    Args:
        channels: C.
        told: channels that `tell` adds.
    """

    def __init__(self, channels: int, told: int) -> None:
        super().__init__()
        self.mix = nn.Sequential(nn.Conv2d(channels + told, channels, 1), nn.LeakyReLU(0.2))

    def forward(self, features: Tensor, memory: Memory | None = None) -> Tensor:
        """Map (N, C, h, w) to the same shape; offer the features to `memory`."""
        with full_precision(features.device):
            mine = features.float()
            everyone = gather(mine)
            older = memory.recall(mine) if memory else None
            if memory:
                memory.offer(mine)
            told = self.tell(mine, everyone if older is None else torch.cat([everyone, older]))
            return self.mix(torch.cat([mine, told.expand(-1, -1, *mine.shape[2:])], 1))  # type: ignore[no-any-return]

    @abstractmethod
    def tell(self, mine: Tensor, everyone: Tensor) -> Tensor:
        """Compare features (N, C, h, w) with everyone's (M, C, h, w), M >= N, `mine` among them.

        Returns:
            (N, told, 1, 1) or (N, told, h, w).
        """


class Discrimination(Comparison):
    """Minibatch discrimination (https://arxiv.org/abs/1606.03498, section 3.2).

    M_i = f(x_i) T; each of B kernels tells o(x_i)_b = E_j exp(-|M_ib - M_jb|_1), the mean over the
    others j (the paper sums, which would tie the layer to one size of batch).

    Args:
        channels: C of the features; their mean over (h, w) is f.
        kernels: B.
        length: values of M_ib.
    """

    def __init__(self, channels: int, kernels: int = 16, length: int = 4) -> None:
        super().__init__(channels, kernels)
        self.kernels = kernels
        # Distances begin near 1: far greater ones would all look alike to exp(-x).
        first = torch.randn(channels, kernels * length) / (length * channels**0.5)
        self.tensor = nn.Parameter(first)

    def tell(self, mine: Tensor, everyone: Tensor) -> Tensor:
        """Return how near the others are, 0 to 1, by kernel: (N, B, 1, 1)."""
        rows, others = self._project(mine), self._project(everyone)
        distances = (rows[:, None] - others[None]).abs().sum(3)
        # A picture is no company for itself: its own exp(-0) is taken out.
        near = (torch.exp(-distances).sum(1) - 1) / max(len(everyone) - 1, 1)
        return near[:, :, None, None]

    def _project(self, features: Tensor) -> Tensor:
        products = features.mean((2, 3)) @ self.tensor
        return products.view(len(features), self.kernels, -1)


class Deviation(Comparison):
    """Minibatch standard deviation (https://arxiv.org/abs/1710.10196, section 3).

    One number: the deviation over the pictures, of every feature at every place, then their mean.
    """

    def __init__(self, channels: int) -> None:
        super().__init__(channels, 1)

    def tell(self, mine: Tensor, everyone: Tensor) -> Tensor:
        """Return the mean deviation, the same for all pictures: (N, 1, 1, 1)."""
        deviation = _deviation(everyone, (0,)).mean()
        return deviation.expand(len(mine), 1, 1, 1)


class BatchStatistics(Comparison):
    """Mean and deviation of every feature over pictures and places.

    What a batch norm in the head sees, as UVCGANv2 lets it (https://arxiv.org/abs/2303.16280):
    over batch and memory together, so that a batch of one has statistics too.
    """

    def __init__(self, channels: int) -> None:
        super().__init__(channels, 2 * channels)

    def tell(self, mine: Tensor, everyone: Tensor) -> Tensor:
        """Return each feature in deviations from the mean, and the deviations: (N, 2 C, h, w)."""
        mean, deviation = everyone.mean((0, 2, 3), keepdim=True), _deviation(everyone, (0, 2, 3))
        return torch.cat([(mine - mean) / deviation, deviation.expand_as(mine)], 1)


def make_comparison(others: Others, channels: int) -> Comparison | None:
    """Build what compares features of `channels` channels; None for none.

    Raises:
        ValueError: if the name is unknown.
    """
    match others:
        case "none":
            return None
        case "discrimination":
            return Discrimination(channels)
        case "deviation":
            return Deviation(channels)
        case "statistics":
            return BatchStatistics(channels)
    raise ValueError(
        f"others must be none, discrimination, deviation or statistics, got '{others}'"
    )


def _deviation(x: Tensor, over: tuple[int, ...]) -> Tensor:
    """Square root with a slope at 0: pictures that are all the same must be able to part."""
    return (x.var(over, unbiased=False, keepdim=True) + 1e-8).sqrt()
