"""Pictures that are there more than once, and those that training must not see but does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from cyclekit.data.alike import group_alike, groups_of, join
from cyclekit.survey.piles import Pile
from cyclekit.survey.seen import Seen

Leak = Literal["", "train and test", "domains"]


@dataclass(frozen=True)
class Group:
    """Pictures that are copies of each other."""

    members: tuple[Seen, ...]
    """Two or more, in the order of the survey."""
    exact: bool
    """Whether their files are equal byte by byte."""
    leak: Leak
    """What they connect that should be apart."""


def find_duplicates(pictures: Sequence[Seen], piles: Sequence[Pile]) -> list[Group]:
    """Group equal and nearly equal pictures over all piles; the leaks come first.

    Pictures that show nothing are compared by their bytes only: all of them look alike.
    """
    labels = np.arange(len(pictures))
    first_of: dict[bytes, int] = {}
    for index, picture in enumerate(pictures):
        join(labels, first_of.setdefault(picture.look.digest, index), index)
    chosen = [index for index in first_of.values() if not pictures[index].look.emptiness]
    alike = group_alike([pictures[index].look.print for index in chosen])
    for group in groups_of(alike):
        for index in group[1:]:
            join(labels, chosen[group[0]], chosen[index])
    found = [_group([pictures[index] for index in group], piles) for group in groups_of(labels)]
    order = {"train and test": 0, "domains": 1, "": 2}
    return sorted(found, key=lambda group: order[group.leak])


def _group(members: list[Seen], piles: Sequence[Pile]) -> Group:
    homes = [piles[member.pile] for member in members]
    leak: Leak = ""
    if len({home.is_test for home in homes}) > 1:
        leak = "train and test"
    elif len({home.domain for home in homes}) > 1:
        leak = "domains"
    exact = len({member.look.digest for member in members}) == 1
    return Group(tuple(members), exact, leak)
