"""Spectral normalisation: no layer may stretch what it sees."""

from __future__ import annotations

from typing import Literal, TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils import parametrize

from cyclekit.devices import full_precision
from cyclekit.models.layers import Norm

CriticNorm = Literal[
    "instance", "instance_affine", "batch", "batch_per_picture", "spectral", "none"
]  # fmt: skip
"""What keeps a discriminator in bounds: a norm after its layers, or one of their weights."""
ITERATIONS = 15
"""Power iterations after which a drawn weight's largest singular value is known well enough."""

M = TypeVar("M", bound=nn.Module)


def feature_norm(norm: CriticNorm) -> Norm:
    """Return what follows the layers; spectral normalisation replaces it, the two do not stack."""
    return "none" if norm == "spectral" else norm


class SpectralNorm(nn.Module):
    """W / sigma(W), sigma its largest singular value (https://arxiv.org/abs/1802.05957).

    One power iteration a forward pass in training, none in evaluation. (torch's own runs 15 as it
    is made, which takes seconds for a network on the meta device; under CUDA's autocast it mixes
    types.)

    Args:
        weight: what will be normalised, (O, ...).
    """

    u: Tensor
    v: Tensor

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        rows = weight.detach().flatten(1)
        self.register_buffer("u", F.normalize(torch.randn_like(rows[:, 0]), dim=0))
        self.register_buffer("v", F.normalize(torch.randn_like(rows[0]), dim=0))

    def forward(self, weight: Tensor) -> Tensor:
        """Return the weight, its largest singular value 1 (as far as the iteration has come)."""
        with full_precision(weight.device):
            rows = weight.flatten(1)
            if self.training and not weight.is_meta:
                self._iterate(rows.detach())
            # Copies: a graph may hold several passes, and the next one changes u and v.
            return weight / self.u.clone().dot(rows.mv(self.v.clone()))

    @torch.no_grad()
    def _iterate(self, rows: Tensor) -> None:
        self.u.copy_(F.normalize(rows.mv(self.v), dim=0))
        self.v.copy_(F.normalize(rows.T.mv(self.u), dim=0))


def spectrally_normalise(network: M) -> M:
    """Put `SpectralNorm` on the weights of all layers, in place."""
    layers = [m for m in network.modules() if isinstance(m, nn.Conv2d | nn.Linear | nn.Embedding)]
    for layer in layers:
        parametrize.register_parametrization(layer, "weight", SpectralNorm(layer.weight))
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
