"""Do fakes look real, and do they show all that is real? By neighbourhoods in feature space."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from cyclekit.metrics.neighbours import BLOCK, distance_blocks, neighbour_radius

NEIGHBOURS = 5
"""The k of the published comparisons."""


@dataclass(frozen=True)
class Coverage:
    """Four views of two overlapping clouds."""

    density: float
    """Real neighbourhoods that hold a fake, on average, over k; 1 for equal clouds, may exceed 1
    (https://arxiv.org/abs/2002.09797, equation 4)."""
    coverage: float
    """Share of real pictures whose neighbourhood holds a fake (the same, equation 5)."""
    precision: float
    """Share of fakes inside some real picture's neighbourhood
    (https://arxiv.org/abs/1904.06991, equation 2)."""
    recall: float
    """Share of real pictures inside some fake's neighbourhood (the same)."""


def coverage(real: Tensor, fake: Tensor, k: int = NEIGHBOURS) -> Coverage:
    """Measure density, coverage, precision and recall.

    A neighbourhood is a ball that reaches to the k-th nearest other picture of the same set.

    Args:
        real: features of real pictures, (N, D).
        fake: features of fakes, (M, D).
        k: neighbours.

    Raises:
        ValueError: if a set has not more than k pictures.
    """
    real_radius, fake_radius = neighbour_radius(real, k), neighbour_radius(fake, k)
    covered = torch.zeros(len(real), dtype=torch.bool, device=real.device)
    recalled = covered.clone()
    inside, precise = 0, 0
    for start in range(0, len(fake), BLOCK):
        rows = fake[start : start + BLOCK]
        hits = torch.zeros(len(rows), dtype=torch.int64, device=real.device)
        reach = fake_radius[start : start + BLOCK, None]
        for column, distance in distance_blocks(rows, real):
            columns = slice(column, column + distance.shape[1])
            within = distance < real_radius[columns]
            hits += within.sum(1)
            covered[columns] |= within.any(0)
            recalled[columns] |= (distance < reach).any(0)
        inside += int(hits.sum())
        precise += int((hits > 0).sum())
    return Coverage(
        density=inside / (k * len(fake)),
        coverage=float(covered.double().mean()),
        precision=precise / len(fake),
        recall=float(recalled.double().mean()),
    )


def realism(real: Tensor, fake: Tensor, k: int = NEIGHBOURS) -> Tensor:
    """Score every fake: max over real pictures of its radius / the fake's distance to it.

    1 or more means inside a real neighbourhood (https://arxiv.org/abs/1904.06991, equation 3).

    Args:
        real: (N, D).
        fake: (M, D).
        k: neighbours.

    Returns:
        (M,), float64; infinite for a fake that equals a real picture.

    Raises:
        ValueError: if there are not more than k real pictures.
    """
    radius = neighbour_radius(real, k)
    scores = []
    for rows in fake.split(BLOCK):
        best = torch.zeros(len(rows), dtype=torch.float64, device=real.device)
        for column, distance in distance_blocks(rows, real):
            ratio = radius[column : column + distance.shape[1]] / distance
            best = torch.maximum(best, ratio.nan_to_num(nan=torch.inf, posinf=torch.inf).amax(1))
        scores.append(best)
    return torch.cat(scores)
