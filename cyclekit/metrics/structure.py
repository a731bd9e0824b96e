"""Is the input's layout still there? Compares source and translation, picture by picture."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from cyclekit.metrics.paired import ssim

GRID = 14
"""Side of the grid of places that features are averaged to before they are compared."""


def self_similarity(features: Tensor) -> Tensor:
    """Describe a picture by how much its places resemble each other, not by what they show.

    The self-similarity of Splice (https://arxiv.org/abs/2201.00424, equation 3): cosines of the
    features of all pairs of places. Appearance changes it little, layout a lot.

    Args:
        features: (N, C, H, W).

    Returns:
        Cosines of the pairs i < j of at most `GRID` x `GRID` places, (N, P (P - 1) / 2).
    """
    height, width = features.shape[2:]
    if max(height, width) > GRID:
        features = F.adaptive_avg_pool2d(features, (min(height, GRID), min(width, GRID)))
    places = F.normalize(features.flatten(2).float(), dim=1)
    cosines = places.mT @ places
    row, column = torch.triu_indices(cosines.shape[1], cosines.shape[1], offset=1)
    return cosines[:, row, column]


def structure_distance(source: Tensor, output: Tensor) -> Tensor:
    """Return the mean squared difference of two descriptions (N, L) of `self_similarity`: (N,)."""
    return (source.double() - output.double()).square().mean(1)


def edge_ssim(source: Tensor, output: Tensor) -> Tensor:
    """Compare the edges of brightness; no network is needed.

    Args:
        source: (N, 3, H, W), levels 0 to 255.
        output: the same shape.

    Returns:
        SSIM of the two maps of gradients, (N,), 1 for the same edges.
    """
    return ssim(_edges(source), _edges(output))


def _edges(levels: Tensor) -> Tensor:
    """Return the length of the brightness's gradient (Sobel, in levels a pixel), (N, 1, H, W)."""
    from kornia.color import rgb_to_grayscale
    from kornia.filters import sobel

    return sobel(rgb_to_grayscale(levels.float()))
