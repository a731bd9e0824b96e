"""The Frechet distance of two Gaussians fitted to features (https://arxiv.org/abs/1706.08500)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

BLOCK = 1024
"""Rows that enter the moments at once."""


def frechet_distance(x: Tensor, y: Tensor) -> float:
    """Measure |mean x - mean y|^2 + Tr(Sx + Sy - 2 (Sx Sy)^(1/2)), the exact way that is cheaper.

    The distance is biased: two samples of one distribution are apart, the more so the fewer they
    are. Compare only distances of equal counts, and look at real against real.

    Args:
        x: features of one set, (N, D); may be mapped from a file.
        y: features of the other, (M, D).

    Raises:
        ValueError: if a set has fewer than two pictures, or the widths differ.
    """
    _check(x, y)
    if max(len(x), len(y)) <= x.shape[1]:
        return distance_of_few(x, y)
    return distance_of_moments(stream_moments(x.split(BLOCK)), stream_moments(y.split(BLOCK)))


def distance_of_few(x: Tensor, y: Tensor) -> float:
    """Measure without any covariance: from an N x M matrix.

    With centred features A / sqrt(N - 1) and B / sqrt(M - 1), Sx = A^T A and Sy = B^T B, and the
    eigenvalues of Sx Sy are the squares of the singular values of A B^T. So the trace of the root
    is the nuclear norm of A B^T.

    Args:
        x: (N, D).
        y: (M, D).
    """
    _check(x, y)
    x, y = x.double(), y.double()
    a, b = _centred(x), _centred(y)
    return _combine(x.mean(0) - y.mean(0), a.square().sum(), b.square().sum(), a @ b.T)


@dataclass(frozen=True)
class Moments:
    """What the distance needs to know of a set, in memory that does not grow with it."""

    count: int
    """Pictures."""
    mean: Tensor
    """(D,), float64."""
    scatter: Tensor
    """Sum of the outer products of centred features, (D, D), float64."""

    def __add__(self, other: Moments) -> Moments:
        """Join two sets (Chan, Golub and LeVeque 1979): no sum of squares that cancels."""
        count = self.count + other.count
        apart = other.mean - self.mean
        between = torch.outer(apart, apart) * (self.count * other.count / count)
        mean = self.mean + apart * (other.count / count)
        return Moments(count, mean, self.scatter + other.scatter + between)


def stream_moments(batches: Iterable[Tensor]) -> Moments:
    """Gather the moments of features that come in batches (n, D), each of at least one row.

    Raises:
        ValueError: if there is no batch at all.
    """
    total: Moments | None = None
    for batch in batches:
        part = _moments(batch.double())
        total = part if total is None else total + part
    if total is None:
        raise ValueError("moments need at least one batch of features")
    return total


def distance_of_moments(x: Moments, y: Moments) -> float:
    """Measure from moments: (Sx Sy)^(1/2) through factors of the two covariances.

    Sx = F^T F with F = diag(root of the eigenvalues) V^T; the rest is as for few pictures.

    Raises:
        ValueError: if a set has fewer than two pictures, or the widths differ.
    """
    if min(x.count, y.count) < 2 or x.mean.shape != y.mean.shape:
        raise ValueError(f"expected two sets of one width, got {x.mean.shape} and {y.mean.shape}")
    a, b = _factor(x), _factor(y)
    return _combine(x.mean - y.mean, a.square().sum(), b.square().sum(), a @ b.T)


def _combine(apart: Tensor, trace_x: Tensor, trace_y: Tensor, product: Tensor) -> float:
    nuclear = torch.linalg.svdvals(product).sum()
    # Two equal sets are 0 apart; rounding may say -1e-13.
    return max(0.0, float(apart.square().sum() + trace_x + trace_y - 2 * nuclear))


def _centred(x: Tensor) -> Tensor:
    centred: Tensor = (x - x.mean(0)) / (len(x) - 1) ** 0.5
    return centred


def _moments(x: Tensor) -> Moments:
    mean = x.mean(0)
    centred = x - mean
    return Moments(len(x), mean, centred.T @ centred)


def _factor(moments: Moments) -> Tensor:
    values, vectors = torch.linalg.eigh(moments.scatter / (moments.count - 1))
    # Eigenvalues that are nothing but rounding would come back as their root, 1e8 times larger.
    floor = values[-1].clamp(min=0) * len(values) * torch.finfo(values.dtype).eps
    kept = values > floor
    factor: Tensor = values[kept].sqrt()[:, None] * vectors[:, kept].T
    return factor


def _check(x: Tensor, y: Tensor) -> None:
    if x.ndim != 2 or y.ndim != 2 or x.shape[1] != y.shape[1]:
        raise ValueError(f"expected features (N, D) and (M, D), got {x.shape} and {y.shape}")
    if min(len(x), len(y)) < 2:
        raise ValueError(f"expected at least 2 pictures a set, got {len(x)} and {len(y)}")
