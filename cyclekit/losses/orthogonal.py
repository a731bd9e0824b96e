"""Weights that stay apart from each other."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

from cyclekit.devices import full_precision


def off_diagonal(weights: Iterable[Tensor]) -> Tensor:
    """Sum of |W W^T * (1 - I)|_F^2: filters that look alike, whatever their length.

    BigGAN's orthogonal regularisation (https://arxiv.org/abs/1809.11096, equation 3), by which
    truncated noise still gives whole pictures.

    Args:
        weights: of convolutions and linear layers, (O, ...); vectors are left out.

    Returns:
        A scalar in float32.
    """
    terms = []
    for weight in weights:
        if weight.ndim > 1:
            rows = weight.float().flatten(1)
            with full_precision(rows.device):
                products = rows @ rows.T
            terms.append((products - products.diag().diag()).square().sum())
    return torch.stack(terms).sum()
