"""LPIPS (https://arxiv.org/abs/1801.03924), version 0.1 on VGG16: a learned distance of a pair."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from cyclekit.models.features.base import Weights, fill
from cyclekit.models.features.vgg import BLOCKS_16, CHANNELS, vgg_layers

SHIFT, SCALE = (-0.030, -0.088, -0.188), (0.458, 0.448, 0.450)
"""What the authors take from RGB in -1 to 1, and divide it by."""
TAPS = (3, 8, 15, 22, 29)
"""Positions of relu1_2, relu2_2, relu3_3, relu4_3 and relu5_3."""


class Lpips(nn.Module):
    """Weighted squared differences of normalised features, averaged over places, summed.

    Args:
        weights: the backbone as torchvision names it ("features.0.weight") and the published
            heads ("lin0.model.1.weight"), together.

    Raises:
        CheckpointError: if some are missing.
    """

    title = "LPIPS-VGG16"

    def __init__(self, weights: Weights) -> None:
        super().__init__()
        with torch.device("meta"):
            self.features = nn.Sequential(*vgg_layers(BLOCKS_16)[:30])
            for index, channels in enumerate(CHANNELS):
                # The published heads hold a dropout, which does nothing here, before the weights.
                head = nn.Conv2d(channels, 1, 1, bias=False)
                self.add_module(f"lin{index}", _Head(head))
        fill(self, weights, self.title)

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        """Measure how different pairs look.

        Args:
            first: RGB levels 0 to 255, float (N, 3, H, W), at least 16 pixels a side.
            second: the same shape.

        Returns:
            (N,), 0 for equal pictures.
        """
        total = torch.zeros(len(first), device=first.device)
        for index, (a, b) in enumerate(zip(self._maps(first), self._maps(second), strict=True)):
            head: nn.Module = self.get_submodule(f"lin{index}")
            total = total + head((a - b).square()).mean((1, 2, 3))
        return total

    def _maps(self, levels: Tensor) -> list[Tensor]:
        shift, scale = (levels.new_tensor(v)[:, None, None] for v in (SHIFT, SCALE))
        x = (levels / 127.5 - 1 - shift) / scale
        maps = []
        for index, layer in enumerate(self.features):
            x = layer(x)
            if index in TAPS:
                maps.append(x / (x.square().sum(1, keepdim=True).sqrt() + 1e-10))
        return maps


class _Head(nn.Module):
    def __init__(self, head: nn.Module) -> None:
        super().__init__()
        self.model = nn.Sequential(nn.Identity(), head)

    def forward(self, x: Tensor) -> Tensor:
        return self.model(x)  # type: ignore[no-any-return]
