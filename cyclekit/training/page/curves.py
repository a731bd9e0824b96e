"""From a run's log to the curves of its page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cyclekit.training.log_lines import Line, Measured, read_lines

POINTS = 400
"""Points of a curve at most; of more, neighbours are averaged."""
_TIMES = ("total", "seconds")
HEALTH = {
    "difference": "difference of outputs from inputs, levels of 255",
    "variety": "variety of outputs, 1 for that of real pictures",
    "tone": "brightness before and after, correlation",
    "sureness": "sureness of discriminators, 1 for never in doubt",
    "grid": "pattern of 2 or 4 px in outputs, levels of 255",
    "change": "change of outputs in 100 images, levels of 255",
    "flat crops": "share of crops that show nothing",
}
"""What each sign is called over its chart."""


@dataclass
class Told:
    """What a log tells."""

    charts: list[dict[str, Any]] = field(default_factory=list)
    """In order: {"group", "title", "curves": [{"name", "points": [[images, value], ...]}]}."""
    warnings: list[tuple[int, str]] = field(default_factory=list)
    """When, and what."""
    ended: list[tuple[int, str]] = field(default_factory=list)
    """When the run ended before its length, and why; it may have gone on."""
    evaluations: list[Measured] = field(default_factory=list)
    """As they were measured."""
    unusable: list[int] = field(default_factory=list)
    """Numbers of the lines that tell nothing."""


def read_log(path: Path) -> Told:
    """Read a log; lines that cannot be used are noted and left out."""
    curves: dict[tuple[str, str], dict[str, list[list[float]]]] = {}
    told = Told()
    for written in read_lines(path):
        line = written.line
        if line is None:
            told.unusable.append(written.number)
            continue
        if line.evaluation is not None:
            told.evaluations.append(line.evaluation)
        if line.ended:
            told.ended.append((line.images, line.ended))
        told.warnings += [(line.images, text) for text in line.warnings]
        for group, title, name, value in _values(line):
            curve = curves.setdefault((group, title), {}).setdefault(name, [])
            curve.append([line.images, value])
    told.charts = [
        {
            "group": group,
            "title": title,
            "curves": [{"name": name, "points": thinned(points)} for name, points in named.items()],
        }
        for (group, title), named in curves.items()
    ]
    return told


def thinned(points: list[list[float]]) -> list[list[float]]:
    """Average neighbours until at most `POINTS` are left."""
    size = -(-len(points) // POINTS)
    if size <= 1:
        return points
    parts = [points[first : first + size] for first in range(0, len(points), size)]
    return [[part[-1][0], sum(value for _, value in part) / len(part)] for part in parts]


def _values(line: Line) -> Iterator[tuple[str, str, str, float]]:
    """Yield (group, chart, curve, value) for every number of a line."""
    if line.evaluation is not None:
        yield from _measured(line.evaluation)
        return
    for sign, values in line.health.items():
        title = HEALTH.get(sign, sign)
        yield from (("Health", title, name, value) for name, value in values.items())
    for name, value in line.numbers.items():
        if name in _TIMES:
            continue
        if name.startswith("rate_"):
            yield "Pace", "learning rates", name.removeprefix("rate_"), value
        elif name == "images_per_second":
            yield "Pace", "images a second", "images", value
        elif name.startswith(("d_", "discrim", "penalty")):
            yield "Losses", "losses of discriminators", name, value
        else:
            yield "Losses", "losses of generators", name, value


def _measured(evaluation: Measured) -> Iterable[tuple[str, str, str, float]]:
    for one in evaluation.findings:
        title = f"{evaluation.kernel_name} ×1000, lower is better"
        yield "Held-out pictures", title, one.title, one.kernel
        if one.structure is not None:
            title = "structure distance ×100, lower keeps the layout"
            yield "Held-out pictures", title, one.title, one.structure
