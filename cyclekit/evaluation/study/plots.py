"""Plots of a study, as PNG and SVG."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cyclekit.evaluation.figures import COLORS, new_figure, save_figure, short
from cyclekit.evaluation.study.findings import Findings, Person

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_CHANCE = {"color": "#222222", "lw": 1, "ls": "--"}
_TICKS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100)  # s


def draw_plots(found: Findings, folder: Path) -> dict[str, str]:
    """Draw what there is to draw.

    Args:
        found: the findings.
        folder: for the files; made if absent.

    Returns:
        Name and description of each plot, which is NAME.png and NAME.svg.

    Raises:
        MediaError: if a file cannot be written.
    """
    plots: dict[str, tuple[str, Callable[[Findings], Figure | None]]] = {
        "rates": ("fooling rate of each method, participants as dots", _rates),
        "participants": ("fooling rate of each participant", _participants),
        "times": ("reaction times", _times),
    }
    drawn = {}
    for name, (description, draw) in plots.items():
        figure = draw(found)
        if figure is not None:
            save_figure(figure, folder, name)
            drawn[name] = description
    return drawn


def _rates(found: Findings) -> Figure:
    figure = new_figure(7, 1.3 + 0.55 * len(found.rates))
    axes = figure.add_subplot()
    for row, rate in enumerate(found.rates):
        color = COLORS[row % len(COLORS)]
        own = [100 * p.rate for p in found.people if p.counted and p.method == rate.method]
        spread = np.random.default_rng(0).uniform(-0.16, 0.16, len(own))
        axes.plot(own, -row + spread, "o", color=color, alpha=0.3, ms=4, mew=0)
        low, high = (100 * bound for bound in rate.interval)
        axes.plot([low, high], [-row, -row], color=color, lw=2.5, solid_capstyle="butt")
        axes.plot(100 * rate.rate, -row, "D", color=color, ms=7, mec="white")
    _of_hundred(axes, "taken for real, % (line: 95 %; dashed: guessing)")
    axes.set_yticks([-row for row in range(len(found.rates))])
    axes.set_yticklabels([short(rate.method) for rate in found.rates])
    axes.set_ylim(-len(found.rates) + 0.4, 0.6)
    return figure


def _participants(found: Findings) -> Figure:
    groups = {
        rate.method: sorted(
            (one for one in found.people if one.counted and one.method == rate.method),
            key=lambda one: one.rate,
        )
        for rate in found.rates
    }
    count = sum(map(len, groups.values()))
    figure = new_figure(7, 1.4 + min(0.17 * count, 12))
    axes, row = figure.add_subplot(), 0
    for place, (method, group) in enumerate(groups.items()):
        _draw_group(axes, group, row, COLORS[place % len(COLORS)], short(method))
        row -= len(group) + 1
    _of_hundred(axes, "taken for real, % (lines: Wilson 95 %; dashed: guessing)")
    axes.set_yticks([])
    axes.set_ylim(row + 1.4, 0.6)  # whole dots at both ends
    axes.set_ylabel("participants")
    axes.legend(frameon=False, loc="best")
    return figure


def _draw_group(axes: Axes, group: list[Person], row: int, color: str, label: str) -> None:
    for step, person in enumerate(group):
        assert person.interval is not None
        low, high = (100 * bound for bound in person.interval)
        axes.plot([low, high], [row - step] * 2, color=color, lw=1, alpha=0.6)
    heights = [row - step for step in range(len(group))]
    axes.plot([100 * one.rate for one in group], heights, "o", color=color, ms=4, label=label)


def _times(found: Findings) -> Figure | None:
    """One panel a method: how long answers took that were right, and that were not."""
    times = {name: kinds for name, kinds in found.times.items() if any(kinds.values())}
    if not times:
        return None
    every = [second for kinds in times.values() for own in kinds.values() for second in own]
    low, high = max(min(every), 0.05), max(*every, 0.1)
    bins = np.geomspace(low, high * 1.001, 25).tolist()
    figure = new_figure(7, 0.6 + 1.7 * len(times))
    for place, (method, kinds) in enumerate(times.items(), start=1):
        axes = figure.add_subplot(len(times), 1, place)
        for color, (kind, own) in zip(COLORS, kinds.items(), strict=False):
            axes.hist(np.clip(own, low, None), bins, color=color, alpha=0.55, label=kind)
        axes.set_xscale("log")
        axes.set_xticks([tick for tick in _TICKS if low / 2 < tick < high * 2])
        axes.xaxis.set_major_formatter("{x:g}")
        axes.xaxis.set_minor_formatter("")
        axes.set_title(short(method), fontsize=10, loc="left")
        axes.set_ylabel("answers")
        axes.legend(frameon=False, fontsize=8)
    axes.set_xlabel("reaction time, s")
    return figure


def _of_hundred(axes: Axes, label: str) -> None:
    axes.axvline(50, **_CHANCE)  # type: ignore[arg-type]
    axes.set_xlim(-2, 102)
    axes.set_xlabel(label)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
