"""Mode collapse with and without a critic that sees other examples."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from games.counting import DRAWN, count_modes, spread
from games.playing import Figures, Game, Table, draw
from games.plots import bars, clouds, figure, save
from games.recipes import BATCH, STEPS, digits, points
from games.worlds import WORLDS, Pixels, Ring

SINGLE_STEPS = 6000
"""Steps of the games with one picture a batch."""
QUEUE = 64
"""Pictures that the queue remembers."""
WAYS: dict[str, dict[str, Any]] = {
    "none": {},
    "minibatch discrimination": {"others": "discrimination"},
    "minibatch deviation": {"others": "deviation"},
    "batch statistics": {"others": "statistics"},
    "none, batch 1": {"batch": 1},
    f"statistics, batch 1, queue of {QUEUE}": {"others": "statistics", "batch": 1, "memory": QUEUE},
}


def run(table: Table, out: Path, seeds: int) -> Figures:
    """Play every way on both worlds, and draw what was found."""
    found = {
        world: {
            way: _over_seeds(table, world, way, options, seeds) for way, options in WAYS.items()
        }
        for world in WORLDS
    }
    _draw_bars(found, out / "collapse.png")
    _draw_points(table, out / "ring.png")
    return found


def game(world: str, way: str, options: dict[str, Any], seed: int) -> Game:
    """Describe one run."""
    batch = options.get("batch", BATCH[world])
    images = batch * (SINGLE_STEPS if batch == 1 else STEPS[world])
    base = points(images, batch) if world == "ring" else digits(images, batch)
    change = {
        "method": {"memory": options.get("memory", 0)},
        "discriminator": {"others": options.get("others", "none")},
        "train": {"seed": seed},
    }
    name = "-".join(way.replace(",", "").split())
    return Game(f"collapse-{world}-{name}-{seed}", WORLDS[world], [base, change])


def _over_seeds(
    table: Table, world: str, way: str, options: dict[str, Any], seeds: int
) -> Figures:
    found = [
        table.once(
            game(world, way, options, seed),
            lambda one: count_modes(one.world, draw(table.play(one), DRAWN)),
        )
        for seed in range(seeds)
    ]
    summary = {name: spread([one[name] for one in found]) for name in ("modes", "good")}
    return {**summary, "runs": found}


def _draw_bars(found: Figures, path: Path) -> None:
    sheet = figure(9, 5.6)
    for row, (world, ways) in enumerate(found.items()):
        left, right = (sheet.add_subplot(2, 2, 2 * row + place) for place in (1, 2))
        bars(left, {way: one["modes"] for way, one in ways.items()})
        bars(right, {way: one["good"] for way, one in ways.items()}, names=False)
        left.set_title(f"{world}: modes covered of {WORLDS[world].modes}")
        left.set_xlim(0, WORLDS[world].modes)
        right.set_title(f"{world}: share of good samples")
        right.set_xlim(0, 1)
    save(sheet, path)


def _draw_points(table: Table, path: Path) -> None:
    ring = WORLDS["ring"]
    assert isinstance(ring, Ring)
    made: dict[str, list[Pixels]] = {
        way: draw(table.play(game("ring", way, options, 0)), DRAWN)
        for way, options in WAYS.items()
    }
    clouds(ring.centres, {way: ring.points(pictures) for way, pictures in made.items()}, path)
