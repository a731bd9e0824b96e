"""Do equal names mean pairs? Unpaired sets are often just numbered."""

from __future__ import annotations

from typing import Literal

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from cyclekit.data.source import Source
from cyclekit.data.sources import read_source
from cyclekit.errors import MediaError
from cyclekit.evaluation.ahead import ahead
from cyclekit.evaluation.pile import Pile, common_keys

Pairs = Literal["auto", "names", "none"]
SIDE = 32
"""Side of the thumbnails whose edges are compared, px."""
LOOKED_AT = 200
"""Pairs whose edges are compared at most."""
DRAWS = 999
DOUBTFUL = 0.05
"""p-value above which equal names are not taken for granted."""


def find_pairs(real: Pile, output: Pile, how: Pairs) -> list[str]:
    """Return the keys of the pairs.

    Args:
        real: the targets.
        output: what should resemble them.
        how: "names" pairs all that share a name; "auto" does so only where both piles have
            exactly the same names, for a few of many are chance; "none" finds no pairs.
    """
    if how == "none":
        return []
    shared = common_keys(output.sources, real.sources)
    if how == "auto" and not len(shared) == len(real) == len(output):
        return []
    return shared


def chance_of_pairs(first: Pile, second: Pile) -> float | None:
    """Test whether pictures of one name resemble each other more than others do.

    The correlation of the edges of thumbnails, mean over pairs, against shuffled pairs.

    Returns:
        The p-value; None where there are fewer than five pairs that can be read.
    """
    keys = common_keys(first.sources, second.sources)[:LOOKED_AT]
    sides = [[*ahead(_edges, [pile.sources[key] for key in keys])] for pile in (first, second)]
    both = [(a, b) for a, b in zip(*sides, strict=True) if a is not None and b is not None]
    if len(both) < 5:
        return None
    x, y = (torch.from_numpy(np.stack(side)) for side in zip(*both, strict=True))
    alike = x @ y.T
    draws = torch.Generator().manual_seed(0)
    own = float(alike.diagonal().mean())
    rows = torch.arange(len(both))
    chance = [
        float(alike[rows, torch.randperm(len(both), generator=draws)].mean()) for _ in range(DRAWS)
    ]
    return (1 + sum(value >= own for value in chance)) / (1 + DRAWS)


def _edges(source: Source) -> NDArray[np.float32] | None:
    """Return the edges of a thumbnail as a vector of mean 0 and length 1."""
    try:
        image = read_source(source)
    except MediaError:
        return None  # named where it is measured
    small = cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    gray = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.float32)
    steps = np.hypot(np.gradient(gray, axis=0), np.gradient(gray, axis=1)).ravel()
    steps -= steps.mean()
    edges: NDArray[np.float32] = (steps / max(float(np.linalg.norm(steps)), 1e-6)).astype(
        np.float32
    )
    return edges
