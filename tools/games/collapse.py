"""Mode collapse with and without a critic that sees other examples."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from games.counting import DRAWN, count_modes, spread
from games.playing import Figures, Game, Table, draw
from games.plots import bars, clouds, figure, save
from games.recipes import BATCH, STEPS, digits, points
from games.worlds import WORLDS, Ring

SINGLE_STEPS = 5000
"""Steps of the games with one picture a batch."""
SINGLE_RATES = {"rate": 1e-3, "rate_discriminator": 1e-3, "betas": [0.9, 0.99]}
"""A slow critic learns nothing from one picture a step, and single gradients want averaging."""
QUEUE = 32
"""Pictures that the queue remembers."""
WAYS: dict[str, dict[str, Any]] = {
    "none": {},
    "minibatch discrimination": {"others": "discrimination"},
    "minibatch deviation": {"others": "deviation"},
    "batch statistics": {"others": "statistics"},
    "none, batch 1": {"batch": 1},
    f"statistics, batch 1, queue of {QUEUE}": {"others": "statistics", "batch": 1, "memory": QUEUE},
}


def run_ring(table: Table, out: Path, seeds: int) -> Figures:
    """Play every way on the ring, and draw the first run's points."""
    found = _play(table, "ring", out, seeds)
    ring = WORLDS["ring"]
    assert isinstance(ring, Ring)
    made = {
        way: draw(table.play(game("ring", way, options, 0)), DRAWN) for way, options in WAYS.items()
    }
    points_of = {way: ring.points(pictures) for way, pictures in made.items()}
    clouds(ring.centres, points_of, out / "ring.png")
    return found


def run_digits(table: Table, out: Path, seeds: int) -> Figures:
    """Play every way on digits."""
    return _play(table, "digits", out, seeds)


def game(world: str, way: str, options: dict[str, Any], seed: int) -> Game:
    """Describe one run."""
    batch = options.get("batch", BATCH[world])
    images = batch * (SINGLE_STEPS if batch == 1 else STEPS[world])
    base = points(images, batch) if world == "ring" else digits(images, batch)
    change: dict[str, Any] = {
        "method": {"memory": options.get("memory", 0)},
        "discriminator": {"others": options.get("others", "none")},
        "train": {"seed": seed},
    }
    if batch == 1:
        change["optimizer"] = SINGLE_RATES
    name = "-".join(way.replace(",", "").split())
    return Game(f"collapse-{world}-{name}-{seed}", WORLDS[world], [base, change])


def _play(table: Table, world: str, out: Path, seeds: int) -> Figures:
    found = {way: _over_seeds(table, world, way, options, seeds) for way, options in WAYS.items()}
    _draw(world, found, out / f"collapse-{world}.png")
    return found


def _over_seeds(table: Table, world: str, way: str, options: dict[str, Any], seeds: int) -> Figures:
    found = [
        table.once(
            game(world, way, options, seed),
            lambda one: count_modes(one.world, draw(table.play(one), DRAWN)),
        )
        for seed in range(seeds)
    ]
    summary = {name: spread([one[name] for one in found]) for name in ("modes", "good")}
    return {**summary, "runs": found}


def _draw(world: str, found: Figures, path: Path) -> None:
    sheet = figure(9, 2.8)
    left, right = (sheet.add_subplot(1, 2, place) for place in (1, 2))
    bars(left, {way: one["modes"] for way, one in found.items()})
    bars(right, {way: one["good"] for way, one in found.items()}, names=False)
    left.set_title(f"{world}: modes covered of {WORLDS[world].modes}", fontsize=9)
    left.set_xlim(0, WORLDS[world].modes)
    right.set_title(f"{world}: share of good samples", fontsize=9)
    right.set_xlim(0, 1)
    save(sheet, path)
