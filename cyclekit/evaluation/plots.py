"""Plots of an evaluation, as PNG and SVG."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cyclekit.evaluation.figures import COLORS, NOTHING, REAL, new_figure, save_figure, short
from cyclekit.evaluation.results import Evaluation, Score

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SETS = ("frechet", "kernel", "density", "coverage", "precision", "recall", "diversity")
"""Scores of sets, in the order of the plot."""


def draw_plots(found: Evaluation, folder: Path) -> list[str]:
    """Draw what there is to draw.

    Args:
        found: the evaluation.
        folder: for the files; made if absent.

    Returns:
        Names of the plots; each is NAME.png and NAME.svg.

    Raises:
        MediaError: if a file cannot be written.
    """
    plots: dict[str, Callable[[Evaluation], Figure | None]] = {
        "scores": _scores, "features": _features, "training": _training,
    }  # fmt: skip
    drawn = []
    for name, draw in plots.items():
        figure = draw(found)
        if figure is not None:
            save_figure(figure, folder, name)
            drawn.append(name)
    return drawn


def _scores(found: Evaluation) -> Figure | None:
    """One panel a score: models with errors, the floor as a band, doing nothing as a line."""
    groups: dict[str, list[Score]] = {}
    for score in found.scores:
        if score.key.split(":")[0] in SETS:
            groups.setdefault(score.key, []).append(score)
    if not groups:
        return None
    columns = min(4, len(groups))
    rows = -(-len(groups) // columns)
    legend = 0.3 + 0.25 * -(-(_most(groups) + 3) // columns)
    figure = new_figure(3.1 * columns, legend + (1.2 + 0.22 * _most(groups)) * rows)
    for place, group in enumerate(groups.values(), start=1):
        _panel(figure.add_subplot(rows, columns, place), group)
    handles, labels = figure.axes[0].get_legend_handles_labels()  # all panels have the same
    figure.legend(
        handles, labels, loc="outside upper left", ncols=columns, frameon=False, fontsize=9
    )
    return figure


def _panel(axes: Axes, group: list[Score]) -> None:
    for row, score in enumerate(group):
        color, label = COLORS[row % len(COLORS)], short(score.model)
        axes.errorbar(
            score.value, -row, xerr=score.error, fmt="o", color=color, capsize=3, label=label
        )
        if score.at_floor_counts is not None:
            label = "models at the floor's counts" if row == 0 else ""
            axes.plot(score.at_floor_counts, -row, "D", mec=color, mfc="none", ms=5, label=label)
    first = group[0]
    if first.floor is not None:
        low = high = first.floor.value
        if first.floor.error:
            low, high = low - first.floor.error, high + first.floor.error
        axes.axvline(first.floor.value, color=REAL, lw=1, label="floor: real against real")
        axes.axvspan(low, high, color=REAL, alpha=0.15, lw=0)
    if first.nothing is not None:
        axes.axvline(first.nothing, color=NOTHING, lw=1.2, ls="--", label="doing nothing")
    axes.set_yticks([])
    axes.set_ylim(-len(group) + 0.4, 0.6)
    axes.margins(x=0.12)
    axes.set_title(f"{first.name.split(' (')[0]}\n({first.better} is better)", fontsize=9)


def _features(found: Evaluation) -> Figure | None:
    """Where pictures lie in the plane in which real pictures differ most."""
    if not found.projection:
        return None
    figure = new_figure(6, 5)
    axes = figure.add_subplot()
    models = [name for name in found.projection if name not in ("real", "input")]
    styles: dict[str, dict[str, Any]] = {
        "real": {"color": REAL, "marker": "o", "label": "real"},
        "input": {"color": NOTHING, "marker": "x", "label": "inputs"},
    }
    for row, name in enumerate(models):
        styles[name] = {"color": COLORS[row % len(COLORS)], "marker": "^", "label": short(name)}
    for name, points in found.projection.items():
        x, y = zip(*points, strict=True)
        axes.scatter(x, y, s=18, alpha=0.6, linewidths=0.8, **styles[name])
    axes.set_xlabel("first principal component of real features")
    axes.set_ylabel("second")
    axes.legend(frameon=False)
    return figure


def _training(found: Evaluation) -> Figure | None:
    """How near outputs are to training pictures, beside unseen real pictures."""
    if not found.distances:
        return None
    import numpy as np

    figure = new_figure(6, 3.6)
    axes = figure.add_subplot()
    largest = max(max(values) for values in found.distances.values())
    bins = np.linspace(0, max(largest, 1e-6), 31).tolist()
    models = [name for name in found.distances if name != "real"]
    for row, name in enumerate(models):
        color = COLORS[row % len(COLORS)]
        axes.hist(found.distances[name], bins, alpha=0.5, color=color, label=short(name))
    own = found.distances["real"]
    axes.hist(own, bins, histtype="step", color=REAL, lw=1.4, label="unseen real pictures")
    axes.set_xlabel("distance to the nearest training picture (median of real pictures = 1)")
    axes.set_ylabel("pictures")
    axes.legend(frameon=False)
    return figure


def _most(groups: dict[str, list[Score]]) -> int:
    return max(len(group) for group in groups.values())
