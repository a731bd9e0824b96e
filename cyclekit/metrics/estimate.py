"""A number and how far it may be off; how that is found by leaving pictures out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

Statistic = Callable[[Tensor, Tensor], Tensor]
"""From features of two sets of pictures, (N, D) and (M, D), to numbers (S,), float64."""


@dataclass(frozen=True)
class Estimate:
    """A number that was measured on a sample."""

    value: float
    """The number."""
    error: float | None = None
    """Its standard error or deviation, in the same unit; None where it is not known."""


def mean_estimate(values: Tensor) -> Estimate:
    """Return the mean of per-picture values (N,) and its standard error, None for one picture."""
    values = values.double()
    error = None
    if len(values) > 1:
        error = float(values.std() / len(values) ** 0.5)
    return Estimate(float(values.mean()), error)


def spread(values: list[float]) -> Estimate:
    """Return the mean of repeated measurements and their deviation, None for a single one."""
    tensor = torch.tensor(values, dtype=torch.float64)
    deviation = float(tensor.std()) if len(values) > 1 else None
    return Estimate(float(tensor.mean()), deviation)


def jackknife_errors(
    statistic: Statistic, x: Tensor, y: Tensor, groups: int = 20, seed: int = 0
) -> Tensor | None:
    """Estimate standard errors by leaving out one group of pictures after another.

    Unlike the bootstrap, no picture occurs twice: duplicates would lower the rank of covariances
    and push distances up. Both sets lose a group at once; which picture is in which group is drawn.

    Args:
        statistic: what is measured; it must not depend on the order.
        x: features of one set, (N, D).
        y: features of the other, (M, D).
        groups: number of groups; fewer where a set has fewer than twice as many pictures.
        seed: decides the groups.

    Returns:
        sqrt((g - 1) / g * sum (t_i - mean t)^2) of every number, (S,); None for fewer than four pictures in a set.
    """
    groups = min(groups, len(x) // 2, len(y) // 2)
    if groups < 2:
        return None
    draws = torch.Generator().manual_seed(seed)
    group_of_x = torch.randperm(len(x), generator=draws) % groups
    group_of_y = torch.randperm(len(y), generator=draws) % groups
    left = [
        statistic(x[(group_of_x != group).to(x.device)], y[(group_of_y != group).to(y.device)])
        for group in range(groups)
    ]
    return jackknife_deviation(torch.stack(left))


def jackknife_deviation(left_out: Tensor) -> Tensor:
    """Turn what was measured with one unit left out at a time, (g, ...), into standard errors."""
    count = len(left_out)
    squares = (left_out - left_out.mean(0)).square().sum(0)
    return ((count - 1) / count * squares).sqrt()
