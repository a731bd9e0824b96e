"""How far two pictures are apart that should be the same."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from cyclekit.export.order import Picture

BEST = 100.0
"""PSNR of equal pictures, dB."""


@dataclass(frozen=True)
class Difference:
    """Between a picture and the one that it should be."""

    width: int
    height: int
    mean: float
    """Of the absolute difference, levels of 255."""
    most: int
    """Levels."""
    off: float
    """Share of the values that are off by more than a level."""
    psnr: float
    """dB."""


def difference(expected: Picture, made: Picture) -> Difference:
    """Compare two pictures of one size, uint8 (H, W, 3)."""
    levels: Any = np.abs(expected.astype(np.int16) - made)
    height, width = expected.shape[:2]
    squared = float(np.mean(levels.astype(float) ** 2))
    return Difference(
        width, height, float(levels.mean()), int(levels.max()), float((levels > 1).mean()),
        psnr_of(squared),
    )  # fmt: skip


def pooled_psnr(differences: Sequence[Difference]) -> float:
    """Return the PSNR over several pictures, each with the same weight, dB."""
    squared = [0.0 if one.psnr == BEST else 255**2 / 10 ** (one.psnr / 10) for one in differences]
    return psnr_of(sum(squared) / len(squared))


def psnr_of(squared: float) -> float:
    """Return the PSNR in dB of a mean squared error in levels of 255."""
    return min(BEST, 10 * math.log10(255**2 / squared)) if squared else BEST
