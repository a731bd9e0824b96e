"""BigGAN on digits: is what is asked for what is made, and what does truncation trade?"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from cyclekit.evaluation.plots import COLORS
from games.playing import Figures, Game, Table, draw
from games.plots import figure, lines, save, show
from games.recipes import classes
from games.worlds import WORLDS, Digits, Pixels

IMAGES = 84_000
EACH = 200
"""Pictures of each class."""
THRESHOLDS = (0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, None)
SHOWN = 10


def play(table: Table) -> Path:
    """Train the one run of both experiments."""
    return table.play(Game("biggan-digits", WORLDS["digits"], classes(IMAGES)))


def run(table: Table, out: Path, seeds: int) -> Figures:
    """Let the reader read what was asked for."""
    digits, trained = _digits(), play(table)
    made = [draw(trained, EACH, label=label) for label in range(digits.modes)]
    show([[one[row] for one in made] for row in range(SHOWN)], out / "biggan-digits.png", times=4)
    recognised = [_read(digits, pictures, label) for label, pictures in enumerate(made)]
    return {
        "reader_on_real": round(digits.reads, 4),
        "recognised": recognised,
        "worst": min(recognised),
        "good": round(float(digits.judge([one for row in made for one in row]).good.mean()), 4),
        "images": IMAGES,
    }


def run_truncation(table: Table, out: Path, seeds: int) -> Figures:
    """Measure variety and quality by threshold."""
    digits, trained = _digits(), play(table)
    rows, found = [], []
    real = digits.by_class("shown")
    usual = np.mean([variety(pictures) for pictures in real])
    for threshold in THRESHOLDS:
        made = [
            draw(trained, EACH, truncation=threshold, label=label) for label in range(digits.modes)
        ]
        everything = [one for row in made for one in row]
        found.append(
            {
                "threshold": threshold,
                "recognised": round(
                    float(np.mean([_read(digits, row, label) for label, row in enumerate(made)])), 4
                ),
                "good": round(float(digits.judge(everything).good.mean()), 4),
                "variety": round(float(np.mean([variety(row) for row in made]) / usual), 4),
            }
        )
        rows.append([one for row in made for one in row[:2]])
    show(rows, out / "truncation-digits.png", times=3)
    _draw(found, out / "truncation.png")
    return {"thresholds": found}


def _digits() -> Digits:
    digits = WORLDS["digits"]
    assert isinstance(digits, Digits)
    return digits


def _read(digits: Digits, pictures: Sequence[Pixels], label: int) -> float:
    return round(float((digits.judge(pictures).mode == label).mean()), 4)


def variety(pictures: Sequence[Pixels]) -> float:
    """Mean distance between two pictures of one class."""
    values = np.stack(pictures).reshape(len(pictures), -1).astype(float)
    squares = (values**2).sum(1)
    distances = np.sqrt(np.maximum(squares[:, None] + squares - 2 * values @ values.T, 0))
    return float(distances.sum() / (len(values) * (len(values) - 1)))


def _draw(found: Sequence[Figures], path: Path) -> None:
    drawn = figure(7, 3.4)
    names = [str(one["threshold"] or "none") for one in found]
    axes = drawn.add_subplot(1, 2, 1)
    labels = {
        "recognised": "read as what was asked for",
        "good": "as near to a real one as 95 % of them",
        "variety": "variety, real digits = 1",
    }
    lines(
        axes,
        range(len(found)),
        {label: [one[name] for one in found] for name, label in labels.items()},
    )
    axes.set_xticks(range(len(found)), names)
    axes.set_xlabel("truncation")
    axes.legend(frameon=False, fontsize=8)
    other = drawn.add_subplot(1, 2, 2)
    other.plot(
        [one["variety"] for one in found],
        [one["good"] for one in found],
        "o-",
        ms=3,
        color=COLORS[1],
    )
    for one, name in zip(found, names, strict=True):
        other.annotate(name, (one["variety"], one["good"]), fontsize=8)
    other.set(xlabel=labels["variety"], ylabel=labels["good"])
    save(drawn, path)
