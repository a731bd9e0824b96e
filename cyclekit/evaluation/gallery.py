"""Pictures worth a look: the worst, the best, and those that training pictures resemble most."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cyclekit.data.source import Source
from cyclekit.data.sources import read_source
from cyclekit.errors import MediaError
from cyclekit.evaluation.results import Evaluation
from cyclekit.evaluation.task import Candidate, Task
from cyclekit.media.images import Picture, write

SHOWN = 6
"""Pictures of each kind."""
SIDE = 256
"""Longer side of a picture in the report, px."""
KINDS = {
    "realism": ("inside the neighbourhood of a real picture: 1 or more", "higher"),
    "structure": ("layout changed", "lower"),
    "rmse": ("levels off the target", "lower"),
}
"""What pictures are sorted by, if it was measured: how that reads, and which way is good."""


@dataclass(frozen=True)
class Cell:
    """A picture and those it is seen beside."""

    key: str
    """Its name."""
    value: str
    """What it was sorted by."""
    pictures: Sequence[tuple[str, str]]
    """(what it is, file in the report's folder)."""


@dataclass(frozen=True)
class Row:
    """Pictures of one kind."""

    title: str
    """What they have in common."""
    cells: Sequence[Cell]


@dataclass(frozen=True)
class Gallery:
    """The pictures of one model."""

    model: str
    rows: Sequence[Row]


def collect_galleries(found: Evaluation, task: Task, folder: Path) -> list[Gallery]:
    """Choose pictures and copy them, small, into `folder/pictures`.

    Raises:
        MediaError: if a file cannot be written.
    """
    copier = _Copier(folder)
    galleries = []
    for candidate in task.candidates:
        rows = [*_sorted_rows(found, task, candidate, copier)]
        rows += _copied_row(found, task, candidate, copier)
        galleries.append(Gallery(candidate.name, rows))
    return galleries


def _sorted_rows(
    found: Evaluation, task: Task, candidate: Candidate, copier: _Copier
) -> Iterator[Row]:
    for kind, (words, better) in KINDS.items():
        values = _values(found, kind, candidate.name)
        if len(set(values.values())) < 2:
            continue
        ranked = sorted(values, key=lambda name: values[name], reverse=better == "higher")
        best, worst = ranked[:SHOWN], ranked[::-1][: max(0, min(SHOWN, len(ranked) - SHOWN))]
        for title, keys in (("Worst", worst), ("Best", best)):
            if keys:
                cells = [_cell(task, candidate, name, values[name], copier) for name in keys]
                yield Row(f"{title} by {kind} ({words})", cells)


def _values(found: Evaluation, kind: str, model: str) -> dict[str, float]:
    """Return the values of a kind by picture, by the first network where several measured it."""
    by_network = (by for key, by in found.pictures.items() if key.split(":")[0] == kind)
    return next(by_network, {}).get(model, {})


def _cell(task: Task, candidate: Candidate, key: str, value: float, copier: _Copier) -> Cell:
    piles = {"input": task.source, "output": candidate.output}
    if key in task.real.sources and _is_paired(task):
        piles["target"] = task.real
    pictures = [
        (what, copier.copy(pile.sources[key]))
        for what, pile in piles.items()
        if pile is not None and key in pile.sources
    ]
    return Cell(key, "as a real picture" if math.isinf(value) else f"{value:.3g}", pictures)


def _is_paired(task: Task) -> bool:
    return (
        task.pairs != "none"
        and task.real.sources.keys() == task.candidates[0].output.sources.keys()
    )


def _copied_row(
    found: Evaluation, task: Task, candidate: Candidate, copier: _Copier
) -> Iterator[Row]:
    nearest = found.copies.get(candidate.name, {})
    if not nearest or task.train is None:
        return
    cells = []
    for key in sorted(nearest, key=lambda name: nearest[name][1])[:SHOWN]:
        trained, ratio = nearest[key]
        pictures = [
            ("output", copier.copy(candidate.output.sources[key])),
            (f"training: {trained}", copier.copy(task.train.sources[trained])),
        ]
        cells.append(Cell(key, f"{ratio:.2f} of the usual distance", pictures))
    yield Row("Nearest to training pictures (far below 1: copied)", cells)


class _Copier:
    """Writes each picture once, under a number: names of files are never trusted."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "pictures"
        self._names: dict[Source, str] = {}
        for old in self._folder.glob("[0-9][0-9][0-9][0-9].png"):
            old.unlink()

    def copy(self, source: Source) -> str:
        if source not in self._names:
            name = f"{len(self._names):04}.png"
            try:
                image = _small(read_source(source))
            except MediaError:
                image = np.full((SIDE, SIDE, 3), 128, np.uint8)  # it was there a moment ago
            write(self._folder / name, Picture(image))
            self._names[source] = f"pictures/{name}"
        return self._names[source]


def _small(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    import cv2

    scale = SIDE / max(image.shape[:2])
    if scale >= 1:
        return image
    height, width = (max(1, round(side * scale)) for side in image.shape[:2])
    return np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
