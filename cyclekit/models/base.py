"""What every generator promises."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

from cyclekit.registry import Registry


class Generator(nn.Module, ABC):
    """A network that makes pictures."""

    @abstractmethod
    def forward(self, x: Tensor) -> Tensor:
        """Make pictures in [-1, 1] from `x`."""


class ImageGenerator(Generator):
    """A generator that turns pictures into pictures of the same size.

    `stride` is what height and width of the input must be a multiple of. The last convolution is
    called `head`; it runs in the type of its own weights, so that a copy in half precision may
    keep it in float32 (`lower`).
    """

    stride: int
    in_channels: int
    out_channels: int
    head: nn.Module

    def lower(self, dtype: torch.dtype) -> None:
        """Store all weights but the head's as `dtype`, in place, for inference.

        The head stays float32: in bfloat16 it alone would cost a quarter of a level.
        """
        for name, child in self.named_children():
            if name != "head":
                child.to(dtype)


class Discriminator(nn.Module, ABC):
    """A network that judges pictures: logits, higher is more real.

    `forward` maps float (N, C, H, W) in [-1, 1] to a map of logits (N, 1, h, w).
    """


GENERATORS: Registry[ImageGenerator] = Registry("generator")
DISCRIMINATORS: Registry[Discriminator] = Registry("discriminator")
