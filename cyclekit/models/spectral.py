"""Spectral normalisation: no layer may stretch what it sees."""

from __future__ import annotations

from typing import Literal, TypeVar

import torch
from torch import nn
from torch.nn.utils import parametrizations, parametrize

from cyclekit.models.layers import Norm

CriticNorm = Literal["instance", "instance_affine", "batch", "spectral", "none"]
"""What keeps a discriminator in bounds: a norm after its layers, or one of their weights."""
ITERATIONS = 15
"""Power iterations after which a drawn weight's largest singular value is known well enough."""

M = TypeVar("M", bound=nn.Module)


def feature_norm(norm: CriticNorm) -> Norm:
    """Return what follows the layers; spectral normalisation replaces it, the two do not stack."""
    return "none" if norm == "spectral" else norm


def spectrally_normalise(network: M) -> M:
    """Divide every layer's weight by its largest singular value (https://arxiv.org/abs/1802.05957).

    Done in place, with one power iteration a forward pass in training.
    """
    layers = [m for m in network.modules() if isinstance(m, nn.Conv2d | nn.Linear | nn.Embedding)]
    for layer in layers:
        parametrizations.spectral_norm(layer)
    return network


@torch.no_grad()
def follow(layer: nn.Module) -> None:
    """Let the power iteration catch up with a weight that was drawn anew."""
    was_training = layer.training
    layer.train()
    for _ in range(ITERATIONS):
        _ = layer.weight
    layer.train(was_training)


def drawn_weight(layer: nn.Module) -> nn.Parameter:
    """Return the weight that is drawn and learned, before it is normalised."""
    if parametrize.is_parametrized(layer, "weight"):
        return layer.parametrizations.weight.original  # type: ignore[union-attr, return-value]
    return layer.weight  # type: ignore[return-value]
