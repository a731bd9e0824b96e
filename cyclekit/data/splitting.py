"""Sets pictures aside for testing, group by group, so that no copy of them is learned."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Literal

import numpy as np

from cyclekit.data.alike import Labels, group_alike, join
from cyclekit.data.fingerprint import Fingerprint

By = Literal["copies", "name", "folder"]
NEXT_BITS, NEXT_LEVELS = 20, 32.0
"""Bounds, as of `group_alike`, within which pictures of neighbouring numbers are of one film."""
_NUMBER = re.compile(r"(\d+)(?=\D*$)")


def group_pictures(
    paths: Sequence[Path], prints: Sequence[Fingerprint], by: Sequence[By]
) -> Labels:
    """Number pictures so that those which belong together have the same number.

    Args:
        paths: of N pictures.
        prints: theirs.
        by: what makes them belong together: "copies": being alike, or being alike a little and
            next to each other in the numbering of a folder, as frames of a film are; "name": names
            in one folder that differ in their last number only; "folder": lying in one folder.
    """
    labels = np.arange(len(paths))
    if "copies" in by:
        labels = group_alike(prints)
        for first, second in _next_to_each_other(paths):
            if _is_of_one_film(prints[first], prints[second]):
                join(labels, first, second)
    if "name" in by:
        _join_equal(labels, [f"{path.parent}\0{_NUMBER.sub('', path.stem)}" for path in paths])
    if "folder" in by:
        _join_equal(labels, [str(path.parent) for path in paths])
    return labels


def choose_test(labels: Labels, domains: Sequence[int], share: float, seed: int) -> list[bool]:
    """Choose whole groups for testing, so that each domain comes as near to a share as it can.

    Args:
        labels: group of each of N pictures.
        domains: domain of each; a group may have pictures of several.
        share: of each domain's pictures, 0 to 1.
        seed: decides which groups.

    Returns:
        Whether each picture is for testing; of a domain that is one group, none or all are.
    """
    groups, index = np.unique(labels, return_inverse=True)
    sizes = np.zeros((len(groups), max(domains, default=0) + 1))
    np.add.at(sizes, (index, np.asarray(domains, int)), 1)
    wanted = share * sizes.sum(axis=0)
    chosen = np.zeros(len(groups), bool)
    for group in np.random.default_rng(seed).permutation(len(groups)):
        if np.abs(wanted - sizes[group]).sum() < np.abs(wanted).sum():
            chosen[group] = True
            wanted -= sizes[group]
    return [bool(chosen[group]) for group in index]


def _next_to_each_other(paths: Sequence[Path]) -> list[tuple[int, int]]:
    """Pair pictures whose names are the same but for a last number, and consecutive in it."""
    rows: dict[tuple[Path, str], list[tuple[int, int]]] = {}
    for index, path in enumerate(paths):
        number = _NUMBER.search(path.stem)
        if number is not None:
            key = (path.parent, _NUMBER.sub("", path.stem))
            rows.setdefault(key, []).append((int(number[1]), index))
    return [
        (first, second)
        for row in rows.values()
        for (_, first), (_, second) in pairwise(sorted(row))
    ]


def _is_of_one_film(first: Fingerprint, second: Fingerprint) -> bool:
    return len(set(group_alike([first, second], NEXT_BITS, NEXT_LEVELS).tolist())) == 1


def _join_equal(labels: Labels, keys: Sequence[str]) -> None:
    first_of: dict[str, int] = {}
    for index, key in enumerate(keys):
        join(labels, first_of.setdefault(key, index), index)
