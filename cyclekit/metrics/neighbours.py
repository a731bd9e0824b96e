"""Distances to the nearest pictures of another set, block by block."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

BLOCK = 1024
"""Rows and columns of distances that exist at once."""


def nearest(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Find the nearest row of y for every row of x.

    Args:
        x: (N, D).
        y: (M, D), at least one row.

    Returns:
        Euclidean distances (N,), float64, and indices into y (N,).
    """
    best, index = [], []
    for rows in x.split(BLOCK):
        distance = torch.full((len(rows),), torch.inf, dtype=torch.float64, device=x.device)
        found = torch.zeros(len(rows), dtype=torch.int64, device=x.device)
        for start, block in distance_blocks(rows, y):
            near, where = block.min(1)
            found = torch.where(near < distance, where + start, found)
            distance = torch.minimum(distance, near)
        best.append(distance)
        index.append(found)
    return torch.cat(best), torch.cat(index)


def neighbour_radius(x: Tensor, k: int) -> Tensor:
    """Return each row's distance to its k-th nearest other row of the same set, (N,), float64.

    Raises:
        ValueError: if there are not more than k rows.
    """
    if len(x) <= k:
        raise ValueError(f"expected more than {k} pictures for {k} neighbours, got {len(x)}")
    radii = []
    for start in range(0, len(x), BLOCK):
        rows = x[start : start + BLOCK]
        nearest_so_far = torch.empty(len(rows), 0, dtype=torch.float64, device=x.device)
        for column, block in distance_blocks(rows, x):
            own = torch.arange(start, start + len(rows), device=x.device) - column
            inside = (own >= 0) & (own < block.shape[1])
            block[inside, own[inside]] = torch.inf  # a row is no neighbour of itself
            joined = torch.cat([nearest_so_far, block], 1)
            nearest_so_far = joined.topk(min(k, joined.shape[1]), dim=1, largest=False).values
        radii.append(nearest_so_far[:, k - 1])
    return torch.cat(radii)


def distance_blocks(rows: Tensor, y: Tensor) -> Iterator[tuple[int, Tensor]]:
    """Yield (first column, distances (n, at most `BLOCK`), float64) of rows (n, D) to all of y."""
    rows = rows.double()
    for start in range(0, len(y), BLOCK):
        columns = y[start : start + BLOCK].double()
        # By a matrix product; in float64 that leaves equal pictures less than 1e-6 apart.
        yield start, torch.cdist(rows, columns, compute_mode="use_mm_for_euclid_dist")
