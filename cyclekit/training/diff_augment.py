"""What discriminators see of few pictures: changed at random, real and made ones alike.

DiffAugment (https://arxiv.org/abs/2006.10738). Gradients pass through to the generator, which is
asked for pictures that look real however they are changed, and so does not learn the changes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from cyclekit.data.shuffled import mix
from cyclekit.models import Discriminator
from cyclekit.models.processes import share, world

Change = Literal["color", "translation", "cutout"]
COUNTS: dict[Change, int] = {"color": 3, "translation": 2, "cutout": 2}
"""Random numbers that a picture's change needs."""
WAYS = ("forward", "examine")
"""What discriminators look with; the second is that of those that tell domains."""
SHIFT, CUT = 1 / 8, 1 / 2
"""Largest shift, and side of the square that is cut out, as parts of the picture's side."""


class DiffAugment:
    """Changes all that the discriminators of a method are shown in training.

    Args:
        changes: which.
        method: whose discriminators these are; all of their ways to look (`WAYS`) are wrapped.
    """

    def __init__(self, changes: Sequence[Change], method: nn.Module) -> None:
        self._changes = tuple(changes)
        self._seed, self._rows, self._calls = 0, 1, 0
        inner = {
            id(part)
            for module in method.modules()
            if isinstance(module, Discriminator)
            for part in module.modules()
            if part is not module
        }
        for module in method.modules():
            if isinstance(module, Discriminator) and id(module) not in inner:
                for way in (way for way in WAYS if hasattr(module, way)):
                    setattr(module, way, partial(self._look, module, getattr(module, way)))

    def begin(self, seed: int, rows: int) -> None:
        """Draw anew, for a step.

        Args:
            seed: of the step; the same on every process.
            rows: this process's pictures of each origin.
        """
        self._seed, self._rows, self._calls = seed, rows, 0

    def _look(
        self, discriminator: nn.Module, look: Callable[..., Any], pictures: Tensor, *others: Any,
        **more: Any,
    ) -> Any:  # fmt: skip
        for change in self._changes if discriminator.training else ():
            pictures = _APPLY[change](pictures, self._draw(pictures, COUNTS[change]))
        return look(pictures, *others, **more)

    def _draw(self, pictures: Tensor, count: int) -> Tensor:
        """Draw numbers from [0, 1), (N, count): the same for a picture whoever works on it."""
        self._calls += 1
        draws = torch.Generator().manual_seed(mix(self._seed, self._calls))
        origins = -(-len(pictures) // self._rows)  # real and made pictures may come together
        drawn = [
            share(torch.rand(self._rows * world(), count, generator=draws)) for _ in range(origins)
        ]
        return torch.cat(drawn)[: len(pictures)].to(pictures.device)


def recolor(pictures: Tensor, draws: Tensor) -> Tensor:
    """Change brightness by up to 0.5, saturation by 0 to 2, contrast by 0.5 to 1.5.

    Args:
        pictures: (N, C, H, W); of 6 channels, the two pictures of a pair are changed alike.
        draws: from [0, 1), (N, 3).
    """
    n, channels, height, width = pictures.shape
    brightness, saturation, contrast = draws.to(pictures.dtype).mT[..., None, None, None]
    pictures = pictures + (brightness - 0.5)
    if channels % 3 == 0:
        split = pictures.reshape(n, -1, 3, height, width)
        gray = split.mean(2, keepdim=True)
        split = gray + (split - gray) * (2 * saturation[..., None])
        pictures = split.reshape(n, channels, height, width)
    middle = pictures.mean((1, 2, 3), keepdim=True)
    result: Tensor = middle + (pictures - middle) * (contrast + 0.5)
    return result


def shift(pictures: Tensor, draws: Tensor) -> Tensor:
    """Move pictures (N, C, H, W) by up to an eighth each way, by draws (N, 2); gaps are 0."""
    n, _, height, width = pictures.shape
    down, right = (round(side * SHIFT) for side in (height, width))
    padded = F.pad(pictures, (right, right, down, down))
    moves = [(draws[:, i] * (2 * most + 1)).long() for i, most in enumerate((down, right))]
    rows, columns = (
        torch.arange(side, device=pictures.device) + move[:, None]
        for side, move in zip((height, width), moves, strict=True)
    )
    number = torch.arange(n, device=pictures.device)[:, None, None]
    return padded.permute(0, 2, 3, 1)[number, rows[:, :, None], columns[:, None]].permute(
        0, 3, 1, 2
    )


def cut_out(pictures: Tensor, draws: Tensor) -> Tensor:
    """Set a square of half the side to 0, its centre anywhere; (N, C, H, W) and draws (N, 2)."""
    inside = []
    for side, draw in zip(pictures.shape[2:], draws.mT, strict=True):
        centre = (draw * side).long()[:, None]
        places = torch.arange(side, device=pictures.device)
        half = round(side * CUT) // 2
        inside.append((places >= centre - half) & (places < centre + half))
    hole = inside[0][:, :, None] & inside[1][:, None]
    result: Tensor = pictures * (~hole)[:, None].to(pictures.dtype)
    return result


_APPLY = {"color": recolor, "translation": shift, "cutout": cut_out}
