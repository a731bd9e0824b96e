"""Vectors that stand for patches of a picture: the network F of CUT."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from cyclekit.devices import full_precision

EPSILON = 1e-7


class PatchHeads(nn.Module):
    """Features at some places to unit vectors: linear, ReLU, linear, one such head a layer.

    (https://arxiv.org/abs/2007.15651, section 3)

    Args:
        channels: of the features of each layer.
        width: length of the vectors.
    """

    def __init__(self, channels: Sequence[int], width: int = 256) -> None:
        super().__init__()
        if width < 1:
            raise ValueError(f"embedding must be at least 1, got {width}")
        self.heads = nn.ModuleList(
            nn.Sequential(nn.Linear(count, width), nn.ReLU(), nn.Linear(width, width))
            for count in channels
        )

    def forward(self, features: Sequence[Tensor], places: Sequence[Tensor]) -> list[Tensor]:
        """Describe the same places of every picture.

        Args:
            features: of each layer, (N, C, H, W).
            places: numbers from 0 to H W - 1, row by row, int64 (P,), for each layer.

        Returns:
            For each layer float32 (N, P, width), of length 1.
        """
        vectors = []
        for head, feature, where in zip(self.heads, features, places, strict=True):
            rows = feature.flatten(2)[:, :, where].transpose(1, 2)
            vectors.append(_unit(head(rows)))
        return vectors


def _unit(rows: Tensor) -> Tensor:
    with full_precision(rows.device):
        wide = rows.float()
        unit: Tensor = wide / (torch.linalg.vector_norm(wide, dim=2, keepdim=True) + EPSILON)
        return unit
