"""Is one model better than another, or was it luck? Tests on the same inputs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from cyclekit.metrics.kernel import cubic_kernel

REPEATS = 999
"""Permutations drawn; the smallest p-value that can come out is 1 / (REPEATS + 1)."""


@dataclass(frozen=True)
class Comparison:
    """A difference between two models and how often chance alone makes one as large."""

    difference: float
    """Score of the first minus score of the second."""
    p_value: float
    """Two-sided, of the paired permutation test."""
    repeats: int
    """Permutations drawn."""


def compare_means(first: Tensor, second: Tensor, repeats: int = REPEATS) -> Comparison:
    """Test the mean difference of per-picture scores (N,) of the same N inputs.

    Were the models alike, each input's two scores might as well be swapped: the sign of every
    difference is drawn anew.
    """
    differences = first.double() - second.double()
    signs = _draws(repeats, len(differences)).double() * 2 - 1
    return _judge(float(differences.mean()), (signs @ differences) / len(differences))


def compare_sets(
    distance: Callable[[Tensor], float], first: Tensor, second: Tensor, repeats: int = REPEATS
) -> Comparison:
    """Test the difference of a score of whole sets, swapping the outputs of drawn inputs.

    Args:
        distance: the score of a set of features (N, D).
        first: features of the first model's outputs, (N, D), in the order of the inputs.
        second: the other model's, the same order.
        repeats: permutations; each takes two scores.
    """

    def difference(swap: Tensor) -> float:
        swap = swap[:, None].to(first.device)
        return distance(torch.where(swap, second, first)) - distance(
            torch.where(swap, first, second)
        )

    swaps = _draws(repeats, len(first))
    by_chance = torch.tensor([difference(swap) for swap in swaps], dtype=torch.float64)
    return _judge(difference(torch.zeros(len(first), dtype=torch.bool)), by_chance)


def compare_kernel_distances(
    real: Tensor, first: Tensor, second: Tensor, repeats: int = REPEATS
) -> Comparison:
    """Test the difference of two kernel distances as `compare_sets` does, from one kernel matrix.

    Args:
        real: features of real pictures, (M, D).
        first: (N, D), in the order of the inputs.
        second: (N, D), the same order.
        repeats: permutations.
    """
    count = len(first)
    both = torch.cat([first, second])
    within = cubic_kernel(both, both)
    within.fill_diagonal_(0)
    to_real = cubic_kernel(both, real).sum(1)
    swaps = torch.cat([torch.zeros(1, count, dtype=torch.bool), _draws(repeats, count)])
    swapped = swaps.double().T.to(both.device)
    chosen, others = torch.cat([1 - swapped, swapped]), torch.cat([swapped, 1 - swapped])

    def distances(chosen: Tensor) -> Tensor:
        """Distances to the real pictures, up to a constant, of the sets in the columns (2N, R)."""
        inside = (chosen * (within @ chosen)).sum(0) / (count * (count - 1))
        return inside - 2 * (to_real @ chosen) / (count * len(real))

    differences = (distances(chosen) - distances(others)).cpu()
    return _judge(float(differences[0]), differences[1:])


def _judge(observed: float, by_chance: Tensor) -> Comparison:
    """Count the draws that are as extreme; the observation itself is one of them."""
    # Rounding must not make a tie of equal models look like a difference.
    tolerance = 1e-12 + 1e-9 * abs(observed)
    extreme = int((by_chance.abs() >= abs(observed) - tolerance).sum())
    return Comparison(observed, (1 + extreme) / (1 + len(by_chance)), len(by_chance))


def _draws(repeats: int, count: int) -> Tensor:
    """Draw which inputs are swapped, (repeats, count), the same for every score and pair."""
    return torch.rand(repeats, count, generator=torch.Generator().manual_seed(0)) < 0.5
