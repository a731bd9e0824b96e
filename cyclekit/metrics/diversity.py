"""Are all outputs the same? How far pictures of a set are from each other."""

from __future__ import annotations

from torch import Tensor

from cyclekit.metrics.neighbours import BLOCK, distance_blocks


def diversity(real: Tensor, fake: Tensor) -> float:
    """Divide the mean distance between two fakes by that between two real pictures.

    Args:
        real: features of real pictures, (N, D).
        fake: features of fakes, (M, D).

    Returns:
        About 1 where fakes differ as real pictures do, towards 0 where all are one (collapse).

    Raises:
        ValueError: if a set has fewer than two pictures, or all real pictures are one.
    """
    apart = mean_pairwise_distance(real)
    if apart == 0:
        raise ValueError("all real pictures are the same; there is no diversity to compare with")
    return mean_pairwise_distance(fake) / apart


def mean_pairwise_distance(x: Tensor) -> float:
    """Average the Euclidean distances of all pairs of different rows of x (N, D).

    Raises:
        ValueError: if there are fewer than two rows.
    """
    count = len(x)
    if count < 2:
        raise ValueError(f"expected at least 2 pictures, got {count}")
    total = sum(
        float(block.sum()) for rows in x.split(BLOCK) for _, block in distance_blocks(rows, x)
    )
    return total / (count * (count - 1))
