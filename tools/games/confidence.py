"""Discriminators that are too sure: how sure, as the game goes on, and what holds them back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch

from cyclekit.pixels import to_tensor
from games.counting import DRAWN, count_modes, spread
from games.playing import Figures, Game, Table, draw, players
from games.plots import figure, lines, save
from games.recipes import digits
from games.worlds import WORLDS, Digits

STEPS, BATCH, LOOKS = 1500, 32, 6
WAYS: dict[str, dict[str, Any]] = {
    "nothing": {},
    "label smoothing 0.9": {"method": {"real_label": 0.9}},
    "instance noise 0.5": {"method": {"instance_noise": 0.5}},
    "R1, every 4th step": {"method": {"penalty": "r1", "penalty_weight": 1.0, "penalty_every": 4}},
    "zero-centred, every 4th step": {
        "method": {"penalty": "zero-centred", "penalty_weight": 1.0, "penalty_every": 4}
    },
    "spectral norm": {"discriminator": {"norm": "spectral"}},
}
STRONG = {
    "discriminator": {"width": 256},
    "optimizer": {"rate": 2e-4, "rate_discriminator": 1e-3},
}
"""A critic that is larger and learns faster than the generator."""


def run(table: Table, out: Path, seeds: int) -> Figures:
    """Play every way, looking at the critic as the game goes on."""
    found = {way: _over_seeds(table, way, seeds) for way in WAYS}
    _draw(found, out / "confidence.png")
    return found


def game(way: str, seed: int) -> Game:
    """Describe one run."""
    name = "-".join(way.replace(",", "").split())
    trees = [digits(STEPS * BATCH, BATCH), STRONG, WAYS[way], {"train": {"seed": seed}}]
    return Game(f"confidence-{name}-{seed}", WORLDS["digits"], trees)


def _over_seeds(table: Table, way: str, seeds: int) -> Figures:
    found = [table.once(game(way, seed), lambda one: _measure(table, one)) for seed in range(seeds)]
    curves = {
        name: np.mean([one[name] for one in found], axis=0).round(4).tolist()
        for name in ("images", "sure", "shown", "kept", "fake")
    }
    last = {name: spread([one[name][-1] for one in found]) for name in ("sure", "shown", "fake")}
    ends = {name: spread([one[name] for one in found]) for name in ("modes", "good")}
    return {**last, **ends, "curves": curves}


def _measure(table: Table, one: Game) -> Figures:
    found: Figures = {"images": [], "sure": [], "shown": [], "kept": [], "fake": []}
    for look in range(1, LOOKS + 1):
        images = STEPS * BATCH * look // LOOKS
        judged = judgements(table.play(one, images), one)
        found["images"].append(images)
        for name, chance in judged.items():
            found[name].append(float(chance.mean()))
        right = torch.cat([judged["shown"], 1 - judged["fake"]])
        found["sure"].append(float(torch.maximum(right, 1 - right).mean()))
    return {**found, **count_modes(one.world, draw(table.play(one), DRAWN))}


@torch.no_grad()
def judgements(run: Path, one: Game) -> dict[str, torch.Tensor]:
    """Return D(x) of real digits that were shown, of those kept, and of made ones, (N,) each."""
    method, world = players(run, one), one.world
    assert isinstance(world, Digits)
    real = {
        part: [to_tensor(picture) for picture in world.real(part)] for part in ("shown", "kept")
    }
    sets = {name: torch.stack(pictures) for name, pictures in real.items()}
    generator = method.generator
    sets["fake"] = generator(*generator.inputs(range(DRAWN), seed=1))
    return {name: torch.sigmoid(method.discriminator(x)).flatten() for name, x in sets.items()}


def _draw(found: Figures, path: Path) -> None:
    drawn = figure(9, 3.2)
    titles = {
        "sure": "confidence: mean of max(D, 1 - D)",
        "shown": "D(x), real digits it learns from",
        "fake": "D(G(z))",
    }
    for place, (name, title) in enumerate(titles.items(), start=1):
        axes = drawn.add_subplot(1, 3, place)
        images = [value / 1000 for value in next(iter(found.values()))["curves"]["images"]]
        lines(axes, images, {way: one["curves"][name] for way, one in found.items()})
        axes.set_title(title, fontsize=9)
        axes.set(xlabel="thousand digits seen", ylim=(0.5 if name == "sure" else 0, 1.01))
    handles, labels = axes.get_legend_handles_labels()
    drawn.legend(handles, labels, loc="outside lower center", ncols=5, frameon=False, fontsize=8)
    save(drawn, path)
