"""VGG (https://arxiv.org/abs/1409.1556, table 1): convolutions only."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from cyclekit.models.features.base import (
    FEATURES,
    FeatureNetwork,
    Features,
    Metadata,
    Weights,
    fill,
    normalized,
)

BLOCKS_16, BLOCKS_19 = (2, 2, 3, 3, 3), (2, 2, 4, 4, 4)
"""Convolutions between two poolings."""
CHANNELS = (64, 128, 256, 512, 512)
CAFFE_MEAN = (123.68, 116.779, 103.939)
"""What the authors' own weights take from RGB levels; those weights want BGR."""


def vgg_layers(blocks: tuple[int, ...]) -> list[nn.Module]:
    """Build layers whose positions are those of torchvision: convolution, ReLU, ..., pooling."""
    layers: list[nn.Module] = []
    inside = 3
    for count, channels in zip(blocks, CHANNELS, strict=False):
        for _ in range(count):
            layers += [nn.Conv2d(inside, channels, 3, padding=1), nn.ReLU()]
            inside = channels
        layers.append(nn.MaxPool2d(2, 2))
    return layers


@FEATURES.register("vgg")
class Vgg19(FeatureNetwork):
    """VGG19 up to relu4_1, 512 wide: texture more than content.

    Args:
        weights: keys as torchvision names them, "features.0.weight".
        metadata: an "input" that begins with BGR tells of the authors' own weights; else RGB
            normalised as torchvision does.

    Raises:
        CheckpointError: if they are other weights.
    """

    title = "VGG19-relu4_1"
    side = 224
    width = 512

    def __init__(self, weights: Weights, metadata: Metadata) -> None:
        super().__init__()
        self.caffe = metadata.get("input", "").startswith("BGR")
        with torch.device("meta"):
            self.features = nn.Sequential(*vgg_layers(BLOCKS_19)[:21])
        fill(self, weights, self.title)

    def forward(self, levels: Tensor) -> Features:
        """Describe pictures (N, 3, 224, 224)."""
        if self.caffe:
            x = (levels - levels.new_tensor(CAFFE_MEAN)[:, None, None]).flip(1)
        else:
            x = normalized(levels)
        places: Tensor = self.features(x)
        return Features(places.mean((2, 3)), places)
