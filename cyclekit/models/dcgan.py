"""Convolutional players that judge and make whole pictures (https://arxiv.org/abs/1511.06434)."""

from __future__ import annotations

from itertools import pairwise

from torch import Tensor, nn

from cyclekit.models.base import DISCRIMINATORS, GENERATORS, Discriminator
from cyclekit.models.batch_statistics import Others, make_comparison
from cyclekit.models.layers import Norm, make_norm, needs_bias
from cyclekit.models.memory import Memory
from cyclekit.models.noise import NoiseGenerator
from cyclekit.models.sizes import Layers, Size
from cyclekit.models.spectral import CriticNorm, feature_norm, spectrally_normalise
from cyclekit.models.unet import UpHead

SEED_SIDE, LARGEST_SIDE = 4, 2048
"""Sides of the first features and of the largest pictures, px."""


def count_doublings(side: int) -> int:
    """Return how often `SEED_SIDE` must be doubled to give `side`.

    Raises:
        ValueError: if it never does, or far too often.
    """
    doublings = (side // SEED_SIDE).bit_length() - 1
    if not SEED_SIDE < side <= LARGEST_SIDE or SEED_SIDE << doublings != side:
        raise ValueError(f"side must be 8, 16, 32 and so on to {LARGEST_SIDE}, got {side}")
    return doublings


@GENERATORS.register("dcgan")
class DcganGenerator(NoiseGenerator):
    """z to 4x4 features, then transposed convolutions that double the side, tanh.

    Args:
        side: of the pictures, px: 8, 16, 32, 64 and so on.
        latent: length of z.
        width: channels before the last doubling; twice as many a halving, up to eight times.
        norm: instance | instance_affine | batch | batch_per_picture | none.
        out_channels: channels of the pictures.
    """

    def __init__(
        self,
        side: Size = 64,
        latent: Size = 100,
        width: Size = 64,
        norm: Norm = "batch",
        out_channels: Size = 3,
    ) -> None:
        super().__init__()
        self.side, self.latent, self.out_channels = side, latent, out_channels
        doublings = count_doublings(side)
        channels = [min(2**step, 8) * width for step in reversed(range(doublings))]
        self.seed = nn.Linear(latent, channels[0] * SEED_SIDE**2, bias=needs_bias(norm))
        self.start = nn.Sequential(make_norm(norm, channels[0]), nn.ReLU())
        self.body = nn.Sequential(*(_up(a, b, norm) for a, b in pairwise(channels)))
        self.head = UpHead(channels[-1], out_channels)

    def forward(self, x: Tensor, label: Tensor | None = None) -> Tensor:
        """Make pictures (N, out_channels, side, side) from z (N, latent)."""
        features = self.seed(x).view(len(x), -1, SEED_SIDE, SEED_SIDE)
        return self.head(self.body(self.start(features))).float()  # type: ignore[no-any-return]


@DISCRIMINATORS.register("dcgan")
class DcganDiscriminator(Discriminator):
    """Strided convolutions; the sum of the last features makes one logit a picture of any size.

    Args:
        layers: halvings; 64 px want 4.
        width: channels of the first layer; twice as many a halving, up to eight times.
        norm: instance | instance_affine | batch | batch_per_picture | spectral | none.
        others: what it is told of the batch: none | discrimination | deviation | statistics.
        in_channels: channels judged together.
    """

    def __init__(
        self,
        layers: Layers = 4,
        width: Size = 64,
        norm: CriticNorm = "batch",
        others: Others = "none",
        in_channels: Size = 3,
    ) -> None:
        super().__init__()
        channels = [in_channels, *(min(2**layer, 8) * width for layer in range(layers))]
        after = feature_norm(norm)
        self.body = nn.Sequential(
            _down(channels[0], channels[1], "none"),
            *(_down(a, b, after) for a, b in pairwise(channels[1:])),
        )
        self.compare = make_comparison(others, channels[-1])
        self.compares = self.compare is not None
        self.judge = nn.Linear(channels[-1], 1)
        if norm == "spectral":
            spectrally_normalise(self)

    def forward(
        self, x: Tensor, label: Tensor | None = None, memory: Memory | None = None
    ) -> Tensor:
        """Judge float (N, C, H, W) in [-1, 1]: logits (N, 1, 1, 1)."""
        features = self.body(x)
        if self.compare is not None:
            features = self.compare(features, memory)
        return self.judge(features.sum((2, 3)))[:, :, None, None]  # type: ignore[no-any-return]


def _up(inside: int, outside: int, norm: Norm) -> nn.Module:
    conv = nn.ConvTranspose2d(inside, outside, 4, stride=2, padding=1, bias=needs_bias(norm))
    return nn.Sequential(conv, make_norm(norm, outside), nn.ReLU())


def _down(inside: int, outside: int, norm: Norm) -> nn.Module:
    conv = nn.Conv2d(inside, outside, 4, stride=2, padding=1, bias=needs_bias(norm))
    return nn.Sequential(conv, make_norm(norm, outside), nn.LeakyReLU(0.2))
