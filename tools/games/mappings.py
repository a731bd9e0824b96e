"""Games that translate, on a world whose mapping is known: how far off, and what it looks like."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from cyclekit.methods import Method
from cyclekit.pixels import to_image
from games.counting import spread
from games.known import COLOURS, HELD_OUT, KNOWN, Known, answers, asked, one_colour, untouched, ways
from games.playing import Figures, Table
from games.plots import show_rows
from games.two_colours import BLUE, RED, SIDE, clips, recoloured
from games.worlds import Pixels

SHOWN = 9
"""Pictures of a row: nine, or the three frames of three clips."""
NAMES = {"a": "red", "b": "blue"}


def run(table: Table, out: Path, seeds: int) -> Figures:
    """Let every game learn, measure it on patterns that it never saw, and draw the first run."""
    found = {name: _over_seeds(table, known, out, seeds) for name, known in KNOWN.items()}
    known = {"untouched": untouched(), "one colour": one_colour()}
    return {**{name: round(off, 4) for name, off in known.items()}, **found}


def _over_seeds(table: Table, known: Known, out: Path, seeds: int) -> Figures:
    found = [
        table.kept(f"worlds-{known.method}-{seed}", lambda seed=seed: _measure(known, out, seed))
        for seed in range(seeds)
    ]
    figures = {name: spread([one[name] for one in found]) for name in found[0]}
    return {"steps": known.steps, "count": known.count, **figures}


def _measure(known: Known, out: Path, seed: int) -> Figures:
    method = known.play(known.steps, known.count, seed)
    if seed == 0:
        _draw(method, known.method, out / f"world-{known.method}.png")
    return {
        f"{way} {name}": round(value, 4)
        for way, answer in answers(method).items()
        for name, value in asdict(answer).items()
    }


@torch.no_grad()
def _draw(method: Method, name: str, path: Path) -> None:
    rows: list[tuple[str, list[Pixels]]] = []
    for way, translate in ways(method).items():
        x = _frames(way) if name == "recycle" else asked(way, SHOWN)[0]
        old, new = (NAMES[letter] for letter in way)
        pictures = {old: x, f"made {new}": translate(x), "truth": recoloured(x, RED, BLUE)}
        rows += [(title, _stored(batch)) for title, batch in pictures.items()]
    show_rows(rows, path, times=3)


def _stored(pictures: Tensor) -> list[Pixels]:
    return [np.asarray(to_image(one), np.uint8) for one in pictures]


def _frames(way: str) -> Tensor:
    """Return the frames of clips that nobody has seen, clip by clip."""
    colour = COLOURS[way[0]]
    return clips(SHOWN // 3, colour, HELD_OUT + (colour == BLUE)).reshape(SHOWN, 3, SIDE, SIDE)
