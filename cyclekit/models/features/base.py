"""What every feature network promises, and how it is filled with published weights."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils import fuse_conv_bn_weights

from cyclekit.errors import CheckpointError
from cyclekit.media.resample import pil_bicubic
from cyclekit.registry import Registry

Weights = Mapping[str, Tensor]
Metadata = Mapping[str, str]
"""What a safetensors file says in its header; empty for other files."""

IMAGENET_MEAN, IMAGENET_DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""What most networks trained on ImageNet take from RGB in 0 to 1, and divide it by."""


class Features(NamedTuple):
    """What a network sees in a batch of pictures."""

    pooled: Tensor
    """One description a picture, (N, D)."""
    places: Tensor
    """Descriptions of places, (N, C, h, w), from a layer that still knows the layout."""


class FeatureNetwork(nn.Module, ABC):
    """A frozen network; `forward` maps RGB levels 0 to 255, float (N, 3, S, S), to `Features`."""

    title: str
    """Name for scores: "MobileNetV2"."""
    side: int
    """S, height and width of the input, px."""
    width: int
    """D of the pooled features."""

    @abstractmethod
    def forward(self, levels: Tensor) -> Features:
        """Describe pictures."""

    @property
    def resize(self) -> str:
        """Name for scores of what `fit` does."""
        return f"pil-bicubic-{self.side}"

    def fit(self, image: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Bring a picture, uint8 RGB (H, W, 3), to the input's size: levels (S, S, 3)."""
        return pil_bicubic(image, self.side, self.side)

    @property
    def frechet_name(self) -> str:
        """Name of the Frechet distance of these features."""
        return f"FD-{self.title}"

    @property
    def kernel_name(self) -> str:
        """Name of the kernel distance of these features."""
        return f"KD-{self.title}"


FEATURES: Registry[FeatureNetwork] = Registry("feature network")
"""Factories take the weights (by published key) and the metadata of their file."""


def normalized(
    levels: Tensor, mean: tuple[float, ...] = IMAGENET_MEAN,
    deviation: tuple[float, ...] = IMAGENET_DEVIATION,
) -> Tensor:  # fmt: skip
    """Turn levels 0 to 255 into (levels / 255 - mean) / deviation, channel by channel."""
    middle, scale = levels.new_tensor(mean), levels.new_tensor(deviation)
    return (levels / 255 - middle[:, None, None]) / scale[:, None, None]


def fill(network: nn.Module, weights: Weights, what: str) -> None:
    """Copy weights into a network, fold its norms into the convolutions, and freeze it.

    What the file has beside the network's weights is left alone.

    Args:
        network: in place.
        weights: by the network's own keys; any float type.
        what: the network's name, for the error.

    Raises:
        CheckpointError: if a weight is missing or has another shape.
    """
    wanted = network.state_dict()
    for key, tensor in wanted.items():
        if key not in weights:
            raise CheckpointError(f"not weights of {what}: '{key}' is missing")
        if weights[key].shape != tensor.shape:
            found, expected = tuple(weights[key].shape), tuple(tensor.shape)
            raise CheckpointError(f"not weights of {what}: '{key}' is {found}, not {expected}")
    network.load_state_dict({key: weights[key].float() for key in wanted}, assign=True)
    _fold_norms(network)
    network.eval().requires_grad_(False)


class FrozenNorm(nn.Module):
    """Batch norm with the statistics of its training; `fill` makes it part of the convolution.

    Args:
        channels: of the input.
        eps: added to the variance.
    """

    weight: Tensor
    bias: Tensor
    running_mean: Tensor
    running_var: Tensor

    def __init__(self, channels: int, eps: float = 1e-5) -> None:
        super().__init__()
        self.eps = eps
        for name, value in (("weight", 1), ("bias", 0), ("running_mean", 0), ("running_var", 1)):
            self.register_buffer(name, torch.full((channels,), float(value)))

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to the same shape."""
        return F.batch_norm(
            x, self.running_mean, self.running_var, self.weight, self.bias, eps=self.eps
        )


def _fold_norms(network: nn.Module) -> None:
    """Scale and shift every convolution as the norm behind it would: half again as fast."""
    for module in list(network.modules()):
        children = list(module.named_children())
        for (_, conv), (name, norm) in pairwise(children):
            if isinstance(conv, nn.Conv2d) and isinstance(norm, FrozenNorm):
                conv.weight, conv.bias = fuse_conv_bn_weights(
                    conv.weight, conv.bias, norm.running_mean, norm.running_var, norm.eps,
                    norm.weight, norm.bias,
                )  # fmt: skip
                setattr(module, name, nn.Identity())
