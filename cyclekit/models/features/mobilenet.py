"""MobileNetV2 (https://arxiv.org/abs/1801.04381), table 2, without its classifier."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from cyclekit.models.features.base import (
    FEATURES,
    FeatureNetwork,
    Features,
    FrozenNorm,
    Metadata,
    Weights,
    fill,
    normalized,
)

STAGES = (
    (1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2),
    (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1),
)  # fmt: skip
"""Expansion, channels, blocks, stride of the first of them."""
PLACES = 13
"""The layer whose places are described: the last of stride 16, 96 channels."""


class ConvNorm(nn.Sequential):
    """A convolution without bias, its norm, ReLU6."""

    def __init__(self, inside: int, outside: int, kernel: int, stride: int, groups: int) -> None:
        padding = kernel // 2
        super().__init__(
            nn.Conv2d(inside, outside, kernel, stride, padding, groups=groups, bias=False),
            FrozenNorm(outside),
            nn.ReLU6(),
        )


class InvertedResidual(nn.Module):
    """Widen, filter each channel, narrow without ReLU; add the input where shapes agree."""

    def __init__(self, inside: int, outside: int, stride: int, expansion: int) -> None:
        super().__init__()
        wide = inside * expansion
        widen = [ConvNorm(inside, wide, 1, 1, 1)] if expansion > 1 else []
        self.conv = nn.Sequential(
            *widen,
            ConvNorm(wide, wide, 3, stride, wide),
            nn.Conv2d(wide, outside, 1, bias=False),
            FrozenNorm(outside),
        )
        self.adds = stride == 1 and inside == outside

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to (N, outside, H / stride, W / stride)."""
        made: Tensor = self.conv(x)
        return x + made if self.adds else made


@FEATURES.register("mobilenet")
class MobileNetV2(FeatureNetwork):
    """Features before the classifier, 1,280 wide.

    Args:
        weights: keys as torchvision names them, "features.0.0.weight".
        metadata: not needed.

    Raises:
        CheckpointError: if they are other weights.
    """

    title = "MobileNetV2"
    side = 224
    width = 1280

    def __init__(self, weights: Weights, metadata: Metadata) -> None:
        super().__init__()
        with torch.device("meta"):
            self.features = nn.Sequential(*_layers())
        fill(self, weights, self.title)

    def forward(self, levels: Tensor) -> Features:
        """Describe pictures (N, 3, 224, 224)."""
        x = normalized(levels)
        places = x
        for index, layer in enumerate(self.features):
            x = layer(x)
            places = x if index == PLACES else places
        return Features(x.mean((2, 3)), places)


def _layers() -> list[nn.Module]:
    layers: list[nn.Module] = [ConvNorm(3, 32, 3, 2, 1)]
    inside = 32
    for expansion, channels, blocks, stride in STAGES:
        for block in range(blocks):
            step = stride if block == 0 else 1
            layers.append(InvertedResidual(inside, channels, step, expansion))
            inside = channels
    return [*layers, ConvNorm(inside, MobileNetV2.width, 1, 1, 1)]
