"""Small plots for the README."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from cyclekit.evaluation.plots import COLORS
from cyclekit.media.sheet import GAP, sheet
from games.playing import Figures
from games.worlds import Pixels

if TYPE_CHECKING:
    from matplotlib.axes import Axes


TITLE = 90
"""Pixels before a row, for its title."""


def figure(width: float, height: float) -> Figure:
    """Make a figure of so many inches, to be saved by `save`."""
    return Figure(figsize=(width, height), layout="constrained", dpi=100)


def save(drawn: Figure, path: Path) -> None:
    """Write a PNG file with few colours, because plots need no more."""
    drawn.savefig(path)
    with Image.open(path) as picture:
        small = picture.convert("RGB").quantize(64)
    small.save(path, optimize=True)


def bars(axes: Axes, values: Mapping[str, Figures], *, names: bool = True) -> None:
    """Draw one horizontal bar a name: mean, and a line for the deviation."""
    for row, value in enumerate(values.values()):
        color = COLORS[row % len(COLORS)]
        axes.barh(-row, value["mean"], xerr=value["deviation"], color=color, capsize=3)
    axes.set_yticks([-row for row in range(len(values))], list(values) if names else [])
    axes.tick_params(labelsize=8)


def clouds(
    centres: NDArray[np.float64], sets: Mapping[str, NDArray[np.float64]], path: Path
) -> None:
    """Draw one panel of points a name, with the modes behind."""
    drawn = figure(9, 6.3)
    columns = -(-len(sets) // 2)
    for place, (name, points) in enumerate(sets.items(), start=1):
        axes = drawn.add_subplot(2, columns, place)
        axes.scatter(*centres.T, s=500, color="#dddddd")
        axes.scatter(*points.T, s=2, color=COLORS[(place - 1) % len(COLORS)])
        axes.set(title=name, xlim=(-1, 1), ylim=(-1, 1), xticks=[], yticks=[], aspect="equal")
        axes.title.set_fontsize(9)
    save(drawn, path)


def lines(axes: Axes, x: Sequence[float], sets: Mapping[str, Sequence[float]]) -> None:
    """Draw one line a name."""
    for place, (name, y) in enumerate(sets.items()):
        axes.plot(x, y, "o-", ms=3, color=COLORS[place % len(COLORS)], label=name)


def show(rows: Sequence[Sequence[Pixels]], path: Path, *, times: int = 1) -> None:
    """Write pictures as one sheet, each enlarged by whole pixels."""
    larger = [[one.repeat(times, 0).repeat(times, 1) for one in row] for row in rows]
    Image.fromarray(sheet(larger, larger[0][0].shape[0])).save(path, quality=90)


def show_rows(rows: Sequence[tuple[str, Sequence[Pixels]]], path: Path, *, times: int) -> None:
    """Write rows of pictures with a title before each, each picture enlarged by whole pixels."""
    larger = [[one.repeat(times, 0).repeat(times, 1) for one in row] for _, row in rows]
    cell = larger[0][0].shape[0]
    pictures = Image.fromarray(sheet(larger, cell))
    page = Image.new("RGB", (TITLE + pictures.width, pictures.height), "white")
    page.paste(pictures, (TITLE, 0))
    draw, font = ImageDraw.Draw(page), ImageFont.load_default(14)
    for number, (title, _) in enumerate(rows):
        middle = number * (cell + GAP) + cell / 2
        draw.text((TITLE - 8, middle), title, "black", font, anchor="rm")
    page.save(path, optimize=True, quality=85)
