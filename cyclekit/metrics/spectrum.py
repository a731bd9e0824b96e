"""How much of each size of detail there is in pictures: power by spatial frequency."""

from __future__ import annotations

import torch
from torch import Tensor

LUMA = (0.299, 0.587, 0.114)
"""Weights of red, green and blue (ITU-R BT.601)."""


def radial_power(pictures: Tensor) -> Tensor:
    """Return the radially averaged power spectrum of luminance.

    The mean is taken away and a Hann window laid over each picture, so that its borders are no
    detail. A blurred picture lacks power at the upper end; a repeating pattern has a peak.

    Args:
        pictures: (N, 3, S, S), levels 0 to 255.

    Returns:
        Mean of |FFT|² / S² over the ring of each whole number of periods a picture, 0 to S // 2,
        float64 (N, S // 2 + 1).

    Raises:
        ValueError: if they are not square.
    """
    height, side = pictures.shape[-2:]
    if height != side:
        raise ValueError(f"pictures must be square, got {side}x{height}")
    weights = torch.tensor(LUMA, dtype=torch.float64)
    luma = (pictures.double() * weights[:, None, None]).sum(1)
    window = torch.hann_window(side, dtype=torch.float64)
    centred = luma - luma.mean((1, 2), keepdim=True)
    power = torch.fft.fft2(centred * window[:, None] * window).abs().square() / side**2
    periods = torch.fft.fftfreq(side, 1 / side)
    ring = torch.hypot(periods[:, None], periods[None]).round().long().flatten()
    inside = ring <= side // 2  # beyond, in the corners, rings are cut
    sums = torch.zeros(len(pictures), side // 2 + 1, dtype=torch.float64)
    sums.index_add_(1, ring[inside], power.flatten(1)[:, inside])
    return sums / torch.bincount(ring[inside])
