"""The kernel distance, unbiased however few the pictures (https://arxiv.org/abs/1801.01401)."""

from __future__ import annotations

import torch
from torch import Tensor

from cyclekit.metrics.estimate import Estimate, jackknife_deviation

BLOCK = 1024
"""Rows and columns of the kernel that exist at once."""


def kernel_distance(x: Tensor, y: Tensor) -> Estimate:
    """Measure the squared maximum mean discrepancy with the kernel (x.y / D + 1)^3.

    One full U-statistic: every pair of different pictures once, no subsets. Its expectation is 0
    for two samples of one distribution, so it may come out below 0.

    Args:
        x: features of one set, (N, D); may be mapped from a file.
        y: features of the other, (M, D).

    Returns:
        The distance, not multiplied by anything, and its standard error by the jackknife over the
        pictures of both sets (None where a set has fewer than three).

    Raises:
        ValueError: if a set has fewer than two pictures.
    """
    n, m = len(x), len(y)
    if min(n, m) < 2:
        raise ValueError(f"expected at least 2 pictures a set, got {n} and {m}")
    within_x, within_y = _sums_within(x), _sums_within(y)
    x_to_y, y_to_x = _sums_between(x, y)
    sxx, syy, sxy = within_x.sum(), within_y.sum(), x_to_y.sum()
    value = sxx / (n * (n - 1)) + syy / (m * (m - 1)) - 2 * sxy / (n * m)
    if min(n, m) < 3:
        return Estimate(float(value))
    # What the distance would be without picture i, from the sums of its row.
    without_x = (sxx - 2 * within_x) / ((n - 1) * (n - 2)) - 2 * (sxy - x_to_y) / ((n - 1) * m)
    without_y = (syy - 2 * within_y) / ((m - 1) * (m - 2)) - 2 * (sxy - y_to_x) / ((m - 1) * n)
    error = torch.hypot(jackknife_deviation(without_x), jackknife_deviation(without_y))
    return Estimate(float(value), float(error))


def cubic_kernel(x: Tensor, y: Tensor) -> Tensor:
    """Compare every row of x (N, D) with every row of y (M, D): (x.y / D + 1)^3, float64 (N, M)."""
    product: Tensor = (x.double() @ y.double().T) / x.shape[1] + 1
    return product**3


def _sums_within(x: Tensor) -> Tensor:
    """Sum each row of the kernel of a set with itself, leaving out the diagonal: (N,)."""
    sums, _ = _sums_between(x, x)
    return sums - (x.double().square().sum(1) / x.shape[1] + 1) ** 3


def _sums_between(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Sum the rows (N,) and the columns (M,) of the kernel, block by block."""
    rows = torch.zeros(len(x), dtype=torch.float64, device=x.device)
    columns = torch.zeros(len(y), dtype=torch.float64, device=y.device)
    for i in range(0, len(x), BLOCK):
        for j in range(0, len(y), BLOCK):
            block = cubic_kernel(x[i : i + BLOCK], y[j : j + BLOCK])
            rows[i : i + BLOCK] += block.sum(1)
            columns[j : j + BLOCK] += block.sum(0)
    return rows, columns
