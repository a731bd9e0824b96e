"""Groups pictures that are copies of each other: scaled, compressed, brightened, cut a little."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from cyclekit.data.fingerprint import SIDE, Fingerprint

BITS = 9
"""Bits in which the hashes of copies differ at most: of 63; of strangers about 31 do."""
LEVELS = 20.0
"""Root mean square difference of their tiny copies at most, levels of 255."""
_BLOCK = 2**22  # pairs that are compared at once

Labels = NDArray[np.int64]


def group_alike(prints: Sequence[Fingerprint], bits: int = BITS, levels: float = LEVELS) -> Labels:
    """Number pictures so that those that are alike have the same number.

    Who is like two others joins them, so that frames of a slow film are one group. All pairs within
    the bounds are found: two hashes that differ in at most `bits` bits are equal in at least one
    of `bits` + 1 pieces, and only pictures that share a piece are compared.

    Args:
        prints: of N pictures.
        bits: in which their hashes may differ.
        levels: by which their tiny copies may differ, root mean square of 255 levels.

    Returns:
        For each picture the least index in its group, (N,).
    """
    labels = np.arange(len(prints))
    hashes = np.array([one.hash for one in prints], np.uint64)
    tiny = np.frombuffer(b"".join(one.tiny for one in prints), np.uint8)
    tiny = tiny.reshape(len(prints), 3 * SIDE * SIDE)
    for bucket in _buckets(hashes, bits + 1):
        rows = max(1, _BLOCK // len(bucket))
        for start in range(0, len(bucket), rows):
            _join(labels, hashes, tiny, bucket[start : start + rows], bucket, bits, levels)
    return labels


def groups_of(labels: Labels) -> list[list[int]]:
    """List the groups of two or more, each in order, in the order of their first."""
    order = np.argsort(labels, kind="stable")
    cuts = np.flatnonzero(np.diff(labels[order])) + 1
    return [part.tolist() for part in np.split(order, cuts) if len(part) > 1]


def join(labels: Labels, first: int, second: int) -> None:
    """Make one group of two pictures' groups, in place."""
    low, high = sorted((int(labels[first]), int(labels[second])))
    if low != high:
        labels[labels == high] = low


def _buckets(hashes: NDArray[np.uint64], pieces: int) -> Iterator[NDArray[np.int64]]:
    """Yield, for each piece of the hash, the pictures that share its value: two at least."""
    edges = np.linspace(0, 64, pieces + 1).astype(int)
    for low, high in pairwise(edges):
        piece = (hashes >> np.uint64(low)) & np.uint64((1 << int(high - low)) - 1)
        order = np.argsort(piece, kind="stable")
        cuts = np.flatnonzero(np.diff(piece[order])) + 1
        yield from (bucket for bucket in np.split(order, cuts) if len(bucket) > 1)


def _join(
    labels: Labels, hashes: NDArray[np.uint64], tiny: NDArray[np.uint8],
    rows: NDArray[np.int64], columns: NDArray[np.int64], bits: int, levels: float,
) -> None:  # fmt: skip
    """Join those of `rows` that are like those of `columns`."""
    near = np.bitwise_count(hashes[rows, None] ^ hashes[None, columns]) <= bits
    near &= labels[rows, None] != labels[None, columns]
    for row, column in np.argwhere(near):
        first, second = int(rows[row]), int(columns[column])
        if labels[first] != labels[second] and _differ(tiny[first], tiny[second]) <= levels:
            join(labels, first, second)


def _differ(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> float:
    return float(np.sqrt(np.mean((first.astype(np.float32) - second) ** 2)))
