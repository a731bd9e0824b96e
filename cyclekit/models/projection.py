"""Residual discriminator that knows classes by projection (https://arxiv.org/abs/1802.05637)."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from cyclekit.models.base import DISCRIMINATORS, Discriminator
from cyclekit.models.batch_statistics import Others, make_comparison
from cyclekit.models.memory import Memory
from cyclekit.models.sizes import Layers, Length, Size
from cyclekit.models.spectral import spectrally_normalise


class ShrinkingBlock(nn.Module):
    """Residual block that may halve the side: x -> ReLU, conv, ReLU, conv, halve, plus a skip.

    Args:
        inside: channels of x.
        outside: channels of the result.
        halve: average 2x2 places.
        first: x is a picture; it is not rectified.
    """

    def __init__(self, inside: int, outside: int, *, halve: bool, first: bool = False) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inside, outside, 3, padding=1)
        self.conv2 = nn.Conv2d(outside, outside, 3, padding=1)
        self.skip = nn.Conv2d(inside, outside, 1) if halve or inside != outside else nn.Identity()
        self.halve, self.first = halve, first

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, inside, h, w) to (N, outside, h / 2, w / 2), or to the same size."""
        y = self.conv1(x if self.first else torch.relu(x))
        y = self._smaller(self.conv2(torch.relu(y)))
        return y + self.skip(self._smaller(x))  # type: ignore[no-any-return]

    def _smaller(self, x: Tensor) -> Tensor:
        return F.avg_pool2d(x, 2) if self.halve else x


@DISCRIMINATORS.register("biggan")
class ProjectionDiscriminator(Discriminator):
    """D(x, y) = w · h(x) + v_y · h(x), h the sum of the last features; spectrally normalised.

    Args:
        layers: halvings; 64 px want 4.
        classes: kinds of pictures, 0 for none; in a run, the number of class folders.
        width: channels of the first block; twice as many a halving, up to eight times.
        others: what it is told of the batch: none | discrimination | deviation | statistics.
        in_channels: channels judged together.
    """

    def __init__(
        self,
        layers: Layers = 4,
        classes: Length = 0,
        width: Size = 32,
        others: Others = "none",
        in_channels: Size = 3,
    ) -> None:
        super().__init__()
        self.classes = classes
        channels = [min(2**layer, 8) * width for layer in range(layers)]
        self.body = nn.Sequential(
            ShrinkingBlock(in_channels, channels[0], halve=True, first=True),
            *(ShrinkingBlock(a, b, halve=True) for a, b in pairwise(channels)),
            ShrinkingBlock(channels[-1], channels[-1], halve=False),
        )
        self.compare = make_comparison(others, channels[-1])
        self.compares = self.compare is not None
        self.judge = nn.Linear(channels[-1], 1)
        self.embed = nn.Embedding(classes, channels[-1]) if classes else None
        spectrally_normalise(self)

    def forward(
        self, x: Tensor, label: Tensor | None = None, memory: Memory | None = None
    ) -> Tensor:
        """Judge float (N, C, H, W) in [-1, 1] of classes (N,): logits (N, 1, 1, 1)."""
        features = torch.relu(self.body(x))
        if self.compare is not None:
            features = self.compare(features, memory)
        whole = features.float().sum((2, 3))
        logits = self.judge(whole)
        if self.embed is not None:
            if label is None:
                raise ValueError(f"which of {self.classes} classes? label is missing")
            logits = logits + (self.embed(label) * whole).sum(1, keepdim=True)
        return logits[:, :, None, None]  # type: ignore[no-any-return]
