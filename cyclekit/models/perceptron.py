"""Fully connected players, as in the first game (https://arxiv.org/abs/1406.2661).

With a side of 1 px a "picture" is a point, and its channels are the coordinates.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from cyclekit.models.base import DISCRIMINATORS, GENERATORS, Discriminator
from cyclekit.models.batch_statistics import Others, make_comparison
from cyclekit.models.memory import Memory
from cyclekit.models.noise import NoiseGenerator
from cyclekit.models.sizes import Blocks, Size
from cyclekit.models.spectral import CriticNorm, spectrally_normalise


@GENERATORS.register("mlp")
class PerceptronGenerator(NoiseGenerator):
    """Hidden layers, then every value of the picture at once, tanh.

    Leaky ReLU: plain ones died under a hard discriminator, and z no longer mattered (seen).

    Args:
        side: of the pictures, px.
        latent: length of z.
        width: values of a hidden layer.
        layers: hidden layers.
        out_channels: channels of the pictures.
    """

    def __init__(
        self,
        side: Size = 28,
        latent: Size = 64,
        width: Size = 128,
        layers: Blocks = 2,
        out_channels: Size = 3,
    ) -> None:
        super().__init__()
        self.side, self.latent, self.out_channels = side, latent, out_channels
        sizes = [latent, *[width] * layers]
        self.body = nn.Sequential(
            *(nn.Sequential(nn.Linear(a, b), nn.LeakyReLU(0.2)) for a, b in pairwise(sizes))
        )
        self.head = nn.Linear(sizes[-1], out_channels * side**2)

    def forward(self, x: Tensor, label: Tensor | None = None) -> Tensor:
        """Make pictures (N, out_channels, side, side) from z (N, latent)."""
        values = torch.tanh(self.head(self.body(x)).float())
        return values.view(-1, self.out_channels, self.side, self.side)


@DISCRIMINATORS.register("mlp")
class PerceptronDiscriminator(Discriminator):
    """Hidden layers with leaky ReLU, one logit a picture.

    Args:
        side: of the pictures, px.
        width: values of a hidden layer.
        layers: hidden layers.
        norm: spectral | none.
        others: what it is told of the batch: none | discrimination | deviation | statistics.
        in_channels: channels judged together.
    """

    def __init__(
        self,
        side: Size = 28,
        width: Size = 128,
        layers: Blocks = 2,
        norm: CriticNorm = "none",
        others: Others = "none",
        in_channels: Size = 3,
    ) -> None:
        super().__init__()
        if norm not in ("spectral", "none"):
            raise ValueError(f"norm must be spectral or none, got '{norm}'")
        self.side, self.in_channels = side, in_channels
        sizes = [in_channels * side**2, *[width] * layers]
        self.body = _OfValues(
            *(nn.Sequential(nn.Linear(a, b), nn.LeakyReLU(0.2)) for a, b in pairwise(sizes))
        )
        self.compare = make_comparison(others, sizes[-1])
        self.compares = self.compare is not None
        self.judge = nn.Linear(sizes[-1], 1)
        if norm == "spectral":
            spectrally_normalise(self)

    def forward(
        self, x: Tensor, label: Tensor | None = None, memory: Memory | None = None
    ) -> Tensor:
        """Judge float (N, C, side, side): logits (N, 1, 1, 1)."""
        features = self.body(x)[:, :, None, None]
        if self.compare is not None:
            features = self.compare(features, memory)
        return self.judge(features.flatten(1))[:, :, None, None]  # type: ignore[no-any-return]


class _OfValues(nn.Sequential):
    """Blocks that see a picture as a list of values."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.flatten(1))  # type: ignore[no-any-return, no-untyped-call]
