"""The minimax game starves its generator where the critic is ahead; the non-saturating one does not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from cyclekit.losses import ADVERSARIAL_LOSSES
from cyclekit.registry import Spec
from games.confidence import STRONG
from games.counting import DRAWN, count_modes, spread
from games.playing import Figures, Game, Table, draw, players
from games.plots import figure, lines, save
from games.recipes import digits
from games.worlds import WORLDS

STEPS, BATCH, LOOKS = 1200, 32, 6
LOSSES = ("minimax", "nonsaturating")


def run(table: Table, out: Path, seeds: int) -> Figures:
    """Play both, and measure both generators' gradients under the same critics."""
    found = {}
    for name in LOSSES:
        runs = [
            table.once(game(name, seed), lambda one: _measure(table, one)) for seed in range(seeds)
        ]
        curves = {
            key: np.mean([one[key] for one in runs], axis=0).tolist()
            for key in ("images", "fake", *LOSSES)
        }
        ends = {key: spread([one[key] for one in runs]) for key in ("modes", "good")}
        found[name] = {**ends, "curves": curves}
    _draw(found, out / "saturation.png")
    return found


def game(adversarial: str, seed: int) -> Game:
    """Describe one run: a strong critic, one loss or the other."""
    change = {"method": {"adversarial": adversarial}, "train": {"seed": seed}}
    trees = [digits(STEPS * BATCH, BATCH), STRONG, change]
    return Game(f"saturation-{adversarial}-{seed}", WORLDS["digits"], trees)


def _measure(table: Table, one: Game) -> Figures:
    found: Figures = {"images": [], "fake": [], **{name: [] for name in LOSSES}}
    for look in range(1, LOOKS + 1):
        images = STEPS * BATCH * look // LOOKS
        slopes = _slopes(table.play(one, images), one)
        for name, value in {"images": images, **slopes}.items():
            found[name].append(value)
    return {**found, **count_modes(one.world, draw(table.play(one), DRAWN))}


def _slopes(run: Path, one: Game) -> dict[str, float]:
    """Return D(G(z)), and the length of the generator's gradient by each loss."""
    method = players(run, one)
    generator = method.generator
    weights = list(generator.parameters())
    logits = method.discriminator(generator(*generator.inputs(range(256), seed=1)))
    found = {"fake": float(torch.sigmoid(logits.detach()).mean())}
    for name in LOSSES:
        loss = ADVERSARIAL_LOSSES.create(Spec(name)).generator(logits)
        found[name] = _length(torch.autograd.grad(loss, weights, retain_graph=True))
    return found


def _length(gradients: tuple[Tensor, ...]) -> float:
    return float(torch.cat([one.flatten() for one in gradients]).norm())


def _draw(found: Figures, path: Path) -> None:
    drawn = figure(8, 3.2)
    shared = None
    for place, (played, one) in enumerate(found.items(), start=1):
        shared = axes = drawn.add_subplot(1, 2, place, sharey=shared)
        curves = one["curves"]
        images = [value / 1000 for value in curves["images"]]
        gradients = {f"gradient of the {name} loss": curves[name] for name in LOSSES}
        lines(axes, images, gradients | {"D(G(z))": curves["fake"]})
        axes.set_yscale("log")
        axes.set_title(f"played: {played}", fontsize=9)
        axes.set_xlabel("thousand digits seen")
        handles, labels = axes.get_legend_handles_labels()
    drawn.legend(handles, labels, loc="outside lower center", ncols=3, frameon=False, fontsize=8)
    save(drawn, path)
