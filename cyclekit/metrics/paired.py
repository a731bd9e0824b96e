"""How far an output is from the picture that it should be; values per picture."""

from __future__ import annotations

import torch
from torch import Tensor

FULL = 255.0
"""Largest level."""
BEST_PSNR = 100.0
"""What equal pictures get instead of infinity, dB: a mean must stay finite."""
WINDOW = 11
"""Side of the Gaussian window of SSIM, px; its deviation is 1.5."""


def rmse(target: Tensor, output: Tensor) -> Tensor:
    """Return the root of the mean squared difference over pixels and channels.

    Args:
        target: (N, C, H, W), levels 0 to 255.
        output: the same shape.

    Returns:
        Levels, (N,).
    """
    return (target.double() - output.double()).square().mean((1, 2, 3)).sqrt()


def psnr(target: Tensor, output: Tensor) -> Tensor:
    """Return the peak signal-to-noise ratio in dB, (N,); `BEST_PSNR` for equal pictures."""
    return (20 * torch.log10(FULL / rmse(target, output))).clamp(max=BEST_PSNR)


def accuracy(target: Tensor, output: Tensor, levels: float) -> Tensor:
    """Return the share of pixels whose every channel is less than `levels` off.

    The measure of the literature on aerial photographs and maps, with 5 and 10 levels
    (https://arxiv.org/abs/1809.05852, section 4).

    Args:
        target: (N, C, H, W), levels 0 to 255.
        output: the same shape.
        levels: the bound, itself excluded.

    Returns:
        0 to 1, (N,).
    """
    worst = (target.float() - output.float()).abs().amax(1)
    return (worst < levels).double().mean((1, 2))


def ssim(target: Tensor, output: Tensor) -> Tensor:
    """Return the structural similarity (Wang et al. 2004) with their Gaussian window and constants.

    The mean over channels and over the places where the window fits; the window shrinks to fit a
    picture that is smaller.

    Args:
        target: (N, C, H, W), levels 0 to 255.
        output: the same shape.

    Returns:
        -1 to 1, (N,); 1 for equal pictures.
    """
    from kornia.metrics import ssim as ssim_map

    side = min(WINDOW, *target.shape[2:])
    side -= 1 - side % 2  # a window has a middle
    places = ssim_map(target.double(), output.double(), side, max_val=FULL, padding="valid")
    return places.mean((1, 2, 3))
