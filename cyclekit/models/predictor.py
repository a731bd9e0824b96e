"""A network that says what comes next in a film."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor

from cyclekit.models.base import GENERATORS, Generator, make_generator
from cyclekit.models.sizes import Depth, Size
from cyclekit.models.unet import UNet
from cyclekit.registry import Spec

PAST = 2
"""Frames that are looked at: the least that tells a motion."""


@GENERATORS.register("predictor")
class Predictor(Generator):
    """The next frame as the last one and a change: x_3 = x_2 + 2 tanh(f(x_1, x_2)).

    Where nothing moves there is nothing to learn, and nothing to blur. f is a U-Net: what moves is
    as fine as the picture.

    Args:
        width: channels of the first layer.
        depth: halvings; height and width must be multiples of 2 ** depth.
    """

    kind = "predictor"
    in_channels, out_channels = 3 * PAST, 3

    def __init__(self, width: Size = 32, depth: Depth = 4) -> None:
        super().__init__()
        self.change = UNet(depth, width, in_channels=self.in_channels)
        self.stride = self.change.stride

    def forward(self, x: Tensor) -> Tensor:
        """Predict float (N, 3, H, W) from (N, 6, H, W), two frames stacked; sides multiples of `stride`."""
        return x[:, -3:] + 2 * self.change(x)  # type: ignore[no-any-return]

    def check_side(self, side: int) -> None:
        """Refuse a side that is no multiple of `stride`."""
        if side % self.stride:
            raise ValueError(f"must be a multiple of {self.stride}")

    def example(self, side: int) -> tuple[Tensor, ...]:
        """Return two frames-to-be, their side rounded up to the stride."""
        side += -side % self.stride
        return (torch.empty(1, self.in_channels, side, side),)


def make_predictor(spec: Spec) -> Predictor:
    """Build a network that predicts frames; errors as in `make_generator`."""
    return cast("Predictor", make_generator(spec, "predictor"))
