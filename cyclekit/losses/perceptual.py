"""Distances between what a network sees in a picture and what it sees in another."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F


def feature_distance(seen: Sequence[Tensor], wanted: Sequence[Tensor]) -> Tensor:
    """Sum over layers of E |seen - wanted| / E |wanted|: each layer weighs as much as any other.

    Perceptual loss (https://arxiv.org/abs/1603.08155, section 3.2) in the features of a pretrained
    network, feature matching (https://arxiv.org/abs/1711.11585, equation 3) in those of a critic.
    The division takes the place of weights that would have to be found for every network.

    Args:
        seen: a layer's features of the picture that learns, (N, C, h, w), one entry a layer.
        wanted: features of what it should be, of the same shapes; they take no gradient.

    Returns:
        A scalar; 0 for equal features, about 1 a layer for unrelated ones.
    """
    terms = []
    for feature, target in zip(seen, wanted, strict=True):
        target = target.detach().float()
        scale = target.abs().mean().clamp_min(1e-6)
        terms.append(F.l1_loss(feature.float(), target) / scale)
    return torch.stack(terms).sum()
