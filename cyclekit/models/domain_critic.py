"""Critic of StarGAN: real or not, which domain, which style (https://arxiv.org/abs/1711.09020)."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor, nn

from cyclekit.models.base import DISCRIMINATORS
from cyclekit.models.patch import PatchDiscriminator
from cyclekit.models.sizes import Layers, Length, Size
from cyclekit.models.spectral import CriticNorm


class Examination(NamedTuple):
    """What the critic sees in pictures."""

    logits: Tensor
    """How real, (N, 1, h, w)."""
    domains: Tensor
    """Logits of the domains, (N, classes)."""
    style: Tensor
    """The style it was made in, (N, style)."""


@DISCRIMINATORS.register("stargan")
class DomainDiscriminator(PatchDiscriminator):
    """PatchGAN whose last features, averaged over the picture, also tell domain and style.

    Args:
        layers: halving layers.
        width: channels of the first layer, capped at eight times as many.
        norm: instance | instance_affine | batch | batch_per_picture | spectral | none.
        classes: domains it tells; in a run, the number of folders.
        style: length of the styles it tells; in a run, the generator's.
        in_channels: channels judged together.
    """

    def __init__(
        self,
        layers: Layers = 3,
        width: Size = 64,
        norm: CriticNorm = "none",
        classes: Length = 0,
        style: Length = 0,
        in_channels: Size = 3,
    ) -> None:
        super().__init__(layers, width, norm, in_channels=in_channels)
        self.classes, self.style = classes, style
        channels = self.judge.in_channels
        self.tell = nn.Linear(channels, classes + style) if classes + style else None

    def examine(self, x: Tensor) -> Examination:
        """Judge float (N, C, H, W) in [-1, 1]."""
        features = self.body(x)
        told = features.mean((2, 3))
        told = told[:, :0] if self.tell is None else self.tell(told)
        domains, style = told.split([self.classes, self.style], 1)
        return Examination(self.judge(features), domains, style)
