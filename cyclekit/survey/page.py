"""A survey as one HTML file with its pictures inside: it needs no server, network or script."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from cyclekit.media.atomic import replacing
from cyclekit.survey.advice import Advice
from cyclekit.survey.duplicates import Group
from cyclekit.survey.look import COLOURS
from cyclekit.survey.outliers import Outlier
from cyclekit.survey.problems import KINDS
from cyclekit.survey.survey import Survey
from cyclekit.survey.tally import Tally
from cyclekit.survey.thumbnail import thumbnail
from cyclekit.training.plan import Plan

SHOWN = 12
"""Pictures of each kind; of more, the number is told."""
GROUPS = 16
"""Groups of copies."""
EDGES = (64, 128, 256, 512, 1024, 2048)
"""Bounds of the classes of short sides, px."""


@dataclass(frozen=True)
class Extra:
    """What is found beyond the files themselves; None and empty where nobody looked."""

    outliers: Sequence[Outlier] = ()
    """Pictures that may not belong."""
    features: str = ""
    """By whose features."""
    advice: Advice | None = None
    """How to train."""
    plan: Plan | None = None
    """How long that takes."""


@dataclass(frozen=True)
class Cell:
    """A picture of the page."""

    name: str
    """Its path, to be read."""
    words: str
    """What is said of it."""
    image: str | None
    """A data URL; None if it cannot be shown."""


def write_page(found: Survey, extra: Extra, path: Path) -> None:
    """Write the page, whole or not at all.

    Raises:
        MediaError: if it cannot be written.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("cyclekit.survey"), autoescape=True, trim_blocks=True,
        lstrip_blocks=True, undefined=StrictUndefined,
    )  # fmt: skip
    parts = environment.get_template("survey.html").generate(
        found=found, extra=extra, kinds=KINDS, colours=COLOURS, shown=SHOWN,
        rows=[_row(found, index) for index in range(len(found.piles))],
        bounds=_bounds(), samples=_samples(found), problems=_problems(found),
        copies=[_copies(found, group) for group in found.groups[:GROUPS]], hidden=found.groups[GROUPS:],
        outliers=[_outlier(found, one) for one in extra.outliers[: 2 * SHOWN]],
        now=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
    )  # fmt: skip
    # A file's name may hold bytes that are no text.
    with replacing(path) as part, part.open("w", encoding="utf-8", errors="replace") as file:
        file.writelines(parts)


def _row(found: Survey, index: int) -> dict[str, Any]:
    tally = found.tallies[index]
    colours = found.colours(index)
    swatch = [round(colours[name][0]) for name in ("red", "green", "blue")] if colours else None
    return {
        "pile": found.piles[index], "tally": tally, "sides": tally.spread(tally.short_sides),
        "aspects": tally.spread(tally.aspects), "classes": _classes(tally), "colours": colours,
        "swatch": swatch,
    }  # fmt: skip


def _bounds() -> list[str]:
    middle = [f"{low}–{high - 1}" for low, high in pairwise(EDGES)]
    return [f"< {EDGES[0]}", *middle, f"{EDGES[-1]} or more"]


def _classes(tally: Tally) -> list[tuple[int, float]]:
    """Count short sides by class; beside each the share of the largest class, for its bar."""
    counts = np.bincount(np.digitize(tally.short_sides, EDGES), minlength=len(EDGES) + 1)
    return [(int(count), float(count / max(1, counts.max()))) for count in counts]


def _samples(found: Survey) -> list[tuple[str, list[Cell]]]:
    """Draw a few pictures of each pile."""
    rows = []
    for index, pile in enumerate(found.piles):
        paths = [one.path for one in found.pictures if one.pile == index]
        drawn = random.Random(0).sample(paths, min(SHOWN, len(paths)))
        rows.append((pile.name, [_cell(found, path, index, "") for path in drawn]))
    return [(name, cells) for name, cells in rows if cells]


def _problems(found: Survey) -> Iterator[tuple[str, int, list[Cell]]]:
    for kind, problems in found.by_kind().items():
        shown = [_cell(found, one.path, one.pile, one.detail) for one in problems[:SHOWN]]
        yield kind, len(problems), shown


def _copies(found: Survey, group: Group) -> tuple[Group, list[Cell]]:
    cells = [
        _cell(found, one.path, one.pile, found.piles[one.pile].name)
        for one in group.members[:SHOWN]
    ]
    return group, cells


def _outlier(found: Survey, outlier: Outlier) -> Cell:
    words = (
        f"{outlier.distance:.2f} times nearer to '{outlier.like}' than to its own"
        if outlier.like
        else f"{outlier.distance:.1f} times the usual distance"
    )
    return _cell(found, outlier.picture.path, outlier.picture.pile, words)


def _cell(found: Survey, path: Path, pile: int, words: str) -> Cell:
    home = found.piles[pile]
    place = path.relative_to(home.folder) if path.is_relative_to(home.folder) else path
    return Cell(str(home.place / place), words, thumbnail(path) if found.whole else None)
