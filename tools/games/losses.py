"""The adversarial losses on digits, all else the same: classes played, and how well."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from games.counting import DRAWN, count_modes, spread
from games.playing import Figures, Game, Table, draw
from games.plots import bars, figure, save
from games.recipes import BATCH, STEPS, digits
from games.worlds import WORLDS

WAYS: dict[str, dict[str, Any]] = {
    "minimax": {"adversarial": "minimax"},
    "nonsaturating": {"adversarial": "nonsaturating"},
    "lsgan": {"adversarial": "lsgan"},
    "hinge": {"adversarial": "hinge"},
    "wgan-gp": {
        "adversarial": "wgan", "penalty": "wgan-gp", "penalty_weight": 10.0, "critic_steps": 5,
    },
}  # fmt: skip
"""By name; the last as its paper has it: weight 10, five turns of the critic to one."""


def run(table: Table, out: Path, seeds: int) -> Figures:
    """Play every loss."""
    found = {way: _over_seeds(table, way, seeds) for way in WAYS}
    _draw(found, out / "losses.png")
    return found


def game(way: str, seed: int) -> Game:
    """Describe one run."""
    images = BATCH["digits"] * STEPS["digits"]
    trees = [digits(images), {"method": WAYS[way]}, {"train": {"seed": seed}}]
    return Game(f"losses-{way}-{seed}", WORLDS["digits"], trees)


def _over_seeds(table: Table, way: str, seeds: int) -> Figures:
    found = [
        table.once(
            game(way, seed), lambda one: count_modes(one.world, draw(table.play(one), DRAWN))
        )
        for seed in range(seeds)
    ]
    summary = {name: spread([one[name] for one in found]) for name in ("modes", "good")}
    return {**summary, "runs": found}


def _draw(found: Figures, path: Path) -> None:
    sheet = figure(9, 2.6)
    left, right = (sheet.add_subplot(1, 2, place) for place in (1, 2))
    bars(left, {way: one["modes"] for way, one in found.items()})
    bars(right, {way: one["good"] for way, one in found.items()}, names=False)
    left.set_title("classes made of 10", fontsize=9)
    left.set_xlim(0, 10)
    right.set_title("share of good digits", fontsize=9)
    right.set_xlim(0, 1)
    save(sheet, path)
