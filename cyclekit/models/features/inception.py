"""Inception v3 as the Frechet inception distance uses it (https://arxiv.org/abs/1706.08500).

The weights are those of TensorFlow's graph of 2015-12-05. They differ from every other Inception
v3 (1,008 classes, no weights in the norms), and so does the graph: averages leave out the padding,
and the last block pools by maximum. Keys are those of the PyTorch port (pytorch-fid); the keys of
the TorchScript file are turned into them.
"""

from __future__ import annotations

from collections import OrderedDict

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from cyclekit.errors import CheckpointError
from cyclekit.models.features.base import (
    FEATURES,
    FeatureNetwork,
    Features,
    Metadata,
    Weights,
    fill,
)
from cyclekit.models.features.inception_blocks import (
    Conv,
    EndBlock,
    FactorizedBlock,
    PlainBlock,
    SecondShrink,
    ThirdShrink,
)
from cyclekit.models.features.inception_keys import from_torchscript

SIDE = 299
CLASSES = 1008


class Inception(FeatureNetwork):
    """Features after the last average, 2,048 wide; places are those of stride 16 (17 x 17).

    Args:
        weights: of the PyTorch port ("Conv2d_1a_3x3.conv.weight"), or of the TorchScript file
            ("layers.conv.conv.weight").
        metadata: not needed.

    Raises:
        CheckpointError: if they are other weights, such as torchvision's own Inception.
    """

    title = "InceptionV3"
    side = SIDE
    width = 2048

    def __init__(self, weights: Weights, metadata: Metadata) -> None:
        super().__init__()
        weights = from_torchscript(weights)
        _require_fid(weights)
        with torch.device("meta"):
            self.layers = nn.Sequential(_layers())
        fill(self.layers, weights, "the FID's InceptionV3")

    def describe(self, x: Tensor) -> Features:
        """Describe pictures (N, 3, 299, 299) in about -1 to 1."""
        places = x
        for name, layer in self.layers.named_children():
            x = layer(x)
            places = x if name == "Mixed_6e" else places
        return Features(x.mean((2, 3)), places)


@FEATURES.register("inception")
class ResizedInception(Inception):
    """Pictures brought to 299 x 299 by Pillow's antialiased bicubic filter, as clean-fid does."""

    def forward(self, levels: Tensor) -> Features:
        """Describe pictures (N, 3, 299, 299)."""
        return self.describe((levels - 128) / 128)


@FEATURES.register("fid")
class FidInception(Inception):
    """Pictures resized as pytorch-fid does: bilinear, without antialiasing."""

    resize = f"torch-bilinear-{SIDE}"
    frechet_name = "FID"
    kernel_name = "KID"

    def fit(self, image: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Bring a picture, uint8 RGB (H, W, 3), to 299 x 299: levels, not rounded."""
        x = torch.from_numpy(np.ascontiguousarray(image)).permute(2, 0, 1)[None].float()
        x = F.interpolate(x, (SIDE, SIDE), mode="bilinear", align_corners=False)
        return np.asarray(x[0].permute(1, 2, 0).numpy(), np.float32)

    def forward(self, levels: Tensor) -> Features:
        """Describe pictures (N, 3, 299, 299)."""
        return self.describe(2 * (levels / 255) - 1)


def _layers() -> OrderedDict[str, nn.Module]:
    return OrderedDict(
        Conv2d_1a_3x3=Conv(3, 32, 3, stride=2, padding=0),
        Conv2d_2a_3x3=Conv(32, 32, 3, padding=0),
        Conv2d_2b_3x3=Conv(32, 64, 3),
        pool_2=nn.MaxPool2d(3, 2),
        Conv2d_3b_1x1=Conv(64, 80),
        Conv2d_4a_3x3=Conv(80, 192, 3, padding=0),
        pool_4=nn.MaxPool2d(3, 2),
        Mixed_5b=PlainBlock(192, 32),
        Mixed_5c=PlainBlock(256, 64),
        Mixed_5d=PlainBlock(288, 64),
        Mixed_6a=SecondShrink(288),
        Mixed_6b=FactorizedBlock(768, 128),
        Mixed_6c=FactorizedBlock(768, 160),
        Mixed_6d=FactorizedBlock(768, 160),
        Mixed_6e=FactorizedBlock(768, 192),
        Mixed_7a=ThirdShrink(768),
        Mixed_7b=EndBlock(1280, pool_by_maximum=False),
        Mixed_7c=EndBlock(2048, pool_by_maximum=True),
    )


def _require_fid(weights: Weights) -> None:
    """Refuse other Inceptions of the same shapes: a score of theirs would be no FID."""
    classifier = weights.get("fc.weight")
    norm = weights.get("Conv2d_1a_3x3.bn.weight")
    if classifier is None or norm is None:
        raise CheckpointError(
            "not weights of the FID's InceptionV3: 'fc.weight' or 'Conv2d_1a_3x3.bn.weight' is missing"
        )
    if len(classifier) != CLASSES or not bool((norm == 1).all()):
        raise CheckpointError(
            "an InceptionV3, but not the one of the FID: that has 1,008 classes and norms without "
            f"weights; this has {len(classifier):,} classes"
        )
