"""Generator of BigGAN: noise at every size, and a class (https://arxiv.org/abs/1809.11096)."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from cyclekit.models.base import GENERATORS
from cyclekit.models.batch_norm import BatchNorm, ConditionalBatchNorm
from cyclekit.models.dcgan import SEED_SIDE, count_doublings
from cyclekit.models.noise import NoiseGenerator
from cyclekit.models.sizes import Length, Size
from cyclekit.models.spectral import spectrally_normalise


class GrowingBlock(nn.Module):
    """Residual block that doubles the side; a condition steers both of its norms (appendix B).

    x -> norm, ReLU, double, conv, norm, ReLU, conv, plus the doubled and convolved x. No bias:
    along both ways, a norm would take it away again.
    """

    def __init__(self, inside: int, outside: int, condition: int) -> None:
        super().__init__()
        self.norm1 = ConditionalBatchNorm(inside, condition)
        self.conv1 = nn.Conv2d(inside, outside, 3, padding=1, bias=False)
        self.norm2 = ConditionalBatchNorm(outside, condition)
        self.conv2 = nn.Conv2d(outside, outside, 3, padding=1, bias=False)
        self.skip = nn.Conv2d(inside, outside, 1, bias=False)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        """Map (N, inside, h, w) under (N, condition) to (N, outside, 2 h, 2 w)."""
        y = self.conv1(_double(torch.relu(self.norm1(x, condition))))
        y = self.conv2(torch.relu(self.norm2(y, condition)))
        return y + _double(self.skip(x))  # type: ignore[no-any-return]


@GENERATORS.register("biggan")
class BigGANGenerator(NoiseGenerator):
    """Residual blocks, each with its own piece of z and one embedding of the class for all.

    Args:
        side: of the pictures, px: 8, 16, 32, 64 and so on.
        classes: kinds of pictures, 0 for none; in a run, the number of class folders.
        width: channels of the last block; twice as many a halving, up to eight times.
        chunk: values of each piece of z: one for the first features, one a block.
        embedding: length of the class's shared embedding.
        out_channels: channels of the pictures.
    """

    def __init__(
        self,
        side: Size = 64,
        classes: Length = 0,
        width: Size = 32,
        chunk: Size = 16,
        embedding: Size = 64,
        out_channels: Size = 3,
    ) -> None:
        super().__init__()
        doublings = count_doublings(side)
        self.side, self.classes, self.out_channels = side, classes, out_channels
        self.chunk, self.latent = chunk, chunk * (doublings + 1)
        channels = [min(2**step, 8) * width for step in reversed(range(doublings + 1))]
        condition = chunk + (embedding if classes else 0)
        self.shared = nn.Embedding(classes, embedding) if classes else None
        self.seed = nn.Linear(chunk, channels[0] * SEED_SIDE**2)
        self.blocks = nn.ModuleList(GrowingBlock(a, b, condition) for a, b in pairwise(channels))
        self.norm = BatchNorm(channels[-1])
        self.head = nn.Conv2d(channels[-1], out_channels, 3, padding=1)
        for part in (self.seed, self.blocks, self.head):  # all but the embedding
            spectrally_normalise(part)

    def forward(self, x: Tensor, label: Tensor | None = None) -> Tensor:
        """Make pictures (N, out_channels, side, side) from z (N, latent) and classes (N,)."""
        first, *pieces = x.split(self.chunk, 1)
        features = self.seed(first).view(len(x), -1, SEED_SIDE, SEED_SIDE)
        for block, piece in zip(self.blocks, pieces, strict=True):
            features = block(features, self._condition(piece, label))
        features = torch.relu(self.norm(features))
        return torch.tanh(self.head(features).float())

    def _condition(self, piece: Tensor, label: Tensor | None) -> Tensor:
        if self.shared is None:
            return piece
        if label is None:
            raise ValueError(f"which of {self.classes} classes? label is missing")
        return torch.cat([self.shared(label), piece], 1)


def _double(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2, mode="nearest")
