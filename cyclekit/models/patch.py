"""Discriminators that judge patches, not pictures."""

from __future__ import annotations

from torch import Tensor, nn

from cyclekit.models.base import DISCRIMINATORS, Discriminator
from cyclekit.models.batch_statistics import Others, make_comparison
from cyclekit.models.layers import BlurPool, Norm, make_norm, needs_bias
from cyclekit.models.memory import Memory
from cyclekit.models.sizes import Layers, Size
from cyclekit.models.spectral import CriticNorm, feature_norm, spectrally_normalise


@DISCRIMINATORS.register("patch")
class PatchDiscriminator(Discriminator):
    """PatchGAN (https://arxiv.org/abs/1611.07004, appendix 6.1.2): a map of logits.

    Args:
        layers: halving layers; 3 sees 70 px around each logit, 1 sees 16, 5 sees 286.
        width: channels of the first layer, capped at eight times as many.
        norm: instance | instance_affine | batch | batch_per_picture | spectral | none.
        antialias: convolve at full size, then blur and halve, as CUT does.
        others: what it is told of the batch: none | discrimination | deviation | statistics.
        in_channels: channels judged together.
    """

    def __init__(
        self,
        layers: Layers = 3,
        width: Size = 64,
        norm: CriticNorm = "instance",
        antialias: bool = False,
        others: Others = "none",
        in_channels: Size = 3,
    ) -> None:
        super().__init__()
        after = feature_norm(norm)
        steps = [_step(in_channels, width, "none", antialias=antialias)]
        channels = width
        for layer in range(1, layers):
            outside = min(2**layer, 8) * width
            steps.append(_step(channels, outside, after, antialias=antialias))
            channels = outside
        outside = min(2**layers, 8) * width
        steps.append(
            nn.Sequential(
                nn.Conv2d(channels, outside, 4, padding=1, bias=needs_bias(after)),
                make_norm(after, outside),
                nn.LeakyReLU(0.2),
            )
        )
        self.body = nn.Sequential(*steps)
        self.compare = make_comparison(others, outside)
        self.compares = self.compare is not None
        self.judge = nn.Conv2d(outside, 1, 4, padding=1)
        if norm == "spectral":
            spectrally_normalise(self)

    def forward(
        self, x: Tensor, label: Tensor | None = None, memory: Memory | None = None
    ) -> Tensor:
        """Judge float (N, C, H, W) in [-1, 1]: logits (N, 1, h, w)."""
        features = self.body(x)
        if self.compare is not None:
            features = self.compare(features, memory)
        return self.judge(features)  # type: ignore[no-any-return]


@DISCRIMINATORS.register("pixel")
class PixelDiscriminator(Discriminator):
    """Judge each pixel by its own colour only.

    Args:
        width: channels of the first layer.
        norm: instance | instance_affine | batch | batch_per_picture | spectral | none.
        in_channels: channels judged together.
    """

    def __init__(
        self, width: Size = 64, norm: CriticNorm = "instance", in_channels: Size = 3
    ) -> None:
        super().__init__()
        after = feature_norm(norm)
        self.body = nn.Sequential(
            nn.Conv2d(in_channels, width, 1),
            nn.LeakyReLU(0.2),
            nn.Conv2d(width, 2 * width, 1, bias=needs_bias(after)),
            make_norm(after, 2 * width),
            nn.LeakyReLU(0.2),
        )
        self.judge = nn.Conv2d(2 * width, 1, 1)
        if norm == "spectral":
            spectrally_normalise(self)

    def forward(
        self, x: Tensor, label: Tensor | None = None, memory: Memory | None = None
    ) -> Tensor:
        """Judge float (N, C, H, W) in [-1, 1]: logits (N, 1, H, W)."""
        return self.judge(self.body(x))  # type: ignore[no-any-return]


def _step(inside: int, outside: int, norm: Norm, *, antialias: bool) -> nn.Module:
    stride = 1 if antialias else 2
    conv = nn.Conv2d(inside, outside, 4, stride=stride, padding=1, bias=needs_bias(norm))
    tail = [BlurPool(outside)] if antialias else []
    return nn.Sequential(conv, make_norm(norm, outside), nn.LeakyReLU(0.2), *tail)
