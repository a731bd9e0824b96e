"""Patches that must find themselves among others."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from cyclekit.devices import full_precision


def patch_nce(query: Tensor, key: Tensor, temperature: float = 0.07, first: int = 0) -> Tensor:
    """Tell each patch from the others (https://arxiv.org/abs/2007.15651, equations 2 and 3).

    -E log (exp(q_i · k_i / T) / sum over j of exp(q_i · k_j / T))

    Args:
        query: unit vectors of the output's patches, (N, P, C).
        key: the input's patches, (N, Q, C), Q >= P; takes no gradient.
        temperature: softness of the choice; smaller is harder. The paper uses 0.07.
        first: place among the keys of the first query's own; the others follow.

    Returns:
        Mean loss in nats, a scalar.

    Raises:
        ValueError: if the shapes do not fit.
    """
    pictures, patches, _ = query.shape
    if key.shape[0] != pictures or key.shape[2] != query.shape[2]:
        raise ValueError(f"queries {tuple(query.shape)} do not fit keys {tuple(key.shape)}")
    if key.shape[1] < first + patches:
        raise ValueError(f"{key.shape[1]} keys, expected {first + patches} at least")
    with full_precision(query.device):
        logits = query.float() @ key.detach().float().transpose(1, 2) / temperature
    own = torch.arange(first, first + patches, device=query.device).repeat(pictures)
    return F.cross_entropy(logits.flatten(0, 1), own)
