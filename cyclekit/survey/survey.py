"""From folders to everything that can be said about what they hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from cyclekit.errors import MediaError
from cyclekit.evaluation.ahead import ahead
from cyclekit.media.glance import Glance
from cyclekit.survey.duplicates import Group, find_duplicates
from cyclekit.survey.headers import Found, look_over, unreadable
from cyclekit.survey.listener import Listener
from cyclekit.survey.look import COLOURS, Look, look
from cyclekit.survey.piles import Pile
from cyclekit.survey.problems import KINDS, Problem
from cyclekit.survey.seen import Seen
from cyclekit.survey.tally import Tally

FEW_GRAY = 0.5
"""Share of gray pictures in a pile below which they are told: there they are the odd ones."""


@dataclass
class Survey:
    """What was found; grows as it is found."""

    piles: tuple[Pile, ...]
    tallies: list[Tally]
    """One a pile."""
    problems: list[Problem] = field(default_factory=list)
    """In the order of the files."""
    pictures: list[Seen] = field(default_factory=list)
    """Whose pixels were looked at; none where only headers were."""
    groups: list[Group] = field(default_factory=list)
    """Copies."""
    whole: bool = False
    """Whether pixels were looked at."""

    def by_kind(self) -> dict[str, list[Problem]]:
        """Return the problems by kind, the worst kind first."""
        found = {kind: [one for one in self.problems if one.kind == kind] for kind in KINDS}
        return {kind: problems for kind, problems in found.items() if problems}

    def colours(self, pile: int) -> dict[str, tuple[float, float]]:
        """Return mean and deviation over a pile's pictures of each of `COLOURS`, in levels."""
        rows = np.array([one.look.colours for one in self.pictures if one.pile == pile])
        if not len(rows):
            return {}
        pairs = zip(rows.mean(0).tolist(), rows.std(0).tolist(), strict=True)
        return dict(zip(COLOURS, pairs, strict=True))

    def pile_lines(self) -> Iterator[dict[str, Any]]:
        """Yield what was counted, a pile at a time, ready for JSON."""
        for index, (pile, tally) in enumerate(zip(self.piles, self.tallies, strict=True)):
            names = {"domain": pile.domain, "split": pile.split, "folder": str(pile.folder)}
            colours = {
                name: {"mean": round(mean, 2), "deviation": round(deviation, 2)}
                for name, (mean, deviation) in self.colours(index).items()
            }
            yield {"kind": "pile", **names, **tally.as_dict(), "colours_levels": colours}


def survey(
    piles: Sequence[Pile], listener: Listener, *, pixels: bool,
    told: Callable[[Problem], None] = lambda problem: None,
) -> Survey:  # fmt: skip
    """Look at all files.

    Args:
        piles: from `find_piles`.
        listener: hears of progress.
        pixels: whether to decode pictures, which finds what their headers hide, and copies.
        told: hears of each problem as it is found.
    """
    found = Survey(tuple(piles), [Tally() for _ in piles], whole=pixels)

    def tell(problem: Problem) -> None:
        found.problems.append(problem)
        found.tallies[problem.pile].problems[problem.kind] += 1
        told(problem)

    waiting: list[tuple[Path, int, Glance]] = []
    for file, index in _files(piles, listener):
        _count(found.tallies[index], file)
        for problem in file.problems:
            tell(problem)
        if pixels and file.header is not None:
            waiting.append((file.path, index, file.header))
    if pixels:
        for problem in _look(found, waiting, listener):
            tell(problem)
        found.groups = find_duplicates(found.pictures, piles)
    return found


def _files(piles: Sequence[Pile], listener: Listener) -> Iterator[tuple[Found, int]]:
    for index, pile in enumerate(piles):
        for file in listener.count(look_over(pile.folder, index), f"headers of {pile.name}"):
            yield file, index


def _count(tally: Tally, file: Found) -> None:
    if file.header is not None:
        tally.add(file.header, file.size)
    elif not any(
        problem.kind in ("unreadable", "truncated", "folder") for problem in file.problems
    ):
        tally.others += 1


def _look(
    found: Survey, waiting: Sequence[tuple[Path, int, Glance]], listener: Listener
) -> Iterator[Problem]:
    """Decode all pictures; yield what is wrong with them."""
    for seen in listener.watch(ahead(_seen, waiting), "pixels", len(waiting)):
        if isinstance(seen, Problem):
            found.tallies[seen.pile].drop()
            yield seen
            continue
        found.pictures.append(seen)
        if seen.look.emptiness:
            yield Problem(seen.look.emptiness, seen.path, seen.pile)
    yield from _gray(found.pictures)


def _seen(item: tuple[Path, int, Glance]) -> Seen | Problem:
    path, pile, header = item
    try:
        seen: Look = look(path, header)
    except MediaError as error:
        return unreadable(error, path, pile)
    return Seen(path, pile, header, seen)


def _gray(pictures: Sequence[Seen]) -> Iterator[Problem]:
    """Find gray pictures in piles of coloured ones."""
    all_of = Counter(one.pile for one in pictures)
    gray = Counter(one.pile for one in pictures if one.look.is_gray)
    for one in pictures:
        is_empty = one.look.emptiness != ""
        if one.look.is_gray and not is_empty and gray[one.pile] < FEW_GRAY * all_of[one.pile]:
            yield Problem("gray", one.path, one.pile)
