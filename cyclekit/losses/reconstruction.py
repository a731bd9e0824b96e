"""Distances between a picture and what it should be."""

from __future__ import annotations

from kornia.color import rgb_to_grayscale
from torch import Tensor
from torch.nn import functional as F


def l1(output: Tensor, target: Tensor) -> Tensor:
    """Mean absolute difference of two batches (N, C, H, W), in float32."""
    return F.l1_loss(output.float(), target.float())


def mean_square(output: Tensor, target: Tensor) -> Tensor:
    """Mean squared difference of two batches (N, C, H, W), in float32."""
    return F.mse_loss(output.float(), target.float())


def brightness(output: Tensor, source: Tensor, window: int = 8) -> Tensor:
    """Mean absolute difference of local brightness: keeps light things light.

    Unpaired training may swap light and dark, because the cycle undoes the swap. A difference
    of averages leaves texture and hue free.

    Args:
        output: the translated pictures, (N, 3, H, W) in [-1, 1].
        source: the pictures they come from, the same shape.
        window: side of the averaged squares, px.

    Returns:
        A scalar, in units of [-1, 1].
    """
    return F.l1_loss(_local_luma(output, window), _local_luma(source, window))


def _local_luma(picture: Tensor, window: int) -> Tensor:
    luma = rgb_to_grayscale(picture.float())
    return F.avg_pool2d(luma, min(window, *luma.shape[2:]))
