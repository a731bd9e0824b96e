"""Games on the world of two colours: how each is built, fed, and asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from cyclekit.methods import METHODS, Method
from cyclekit.methods.base import Batch
from cyclekit.registry import Spec
from games.two_colours import BLUE, RED, clips, error, learn, patterns, recoloured, unpaired

Translate = Callable[[Tensor], Tensor]
TRANSLATOR = Spec("unet", {"depth": 2, "width": 8, "norm": "none"})
CRITIC = Spec("patch", {"width": 16, "layers": 1, "norm": "none"})
COLOURS = {"a": RED, "b": BLUE}
HELD_OUT = 10**6
"""Seed of patterns that no game has seen."""


@dataclass(frozen=True)
class Known:
    """A game whose true answer is known: red patterns to blue ones, or back."""

    method: str
    """Its name."""
    steps: int
    """Of the README's row."""
    count: int
    """Pictures (of each domain) a step."""
    feed: Callable[[int, int], list[Batch]] = unpaired
    """Makes batches, from steps and pictures a step."""
    options: dict[str, object] | None = None
    """Of the method."""
    networks: tuple[Spec, Spec] = (TRANSLATOR, CRITIC)
    """Generator and discriminator."""
    rate: float = 5e-3
    """Learning rate."""

    def play(self, steps: int, count: int, seed: int = 0) -> Method:
        """Build the players and let them learn."""
        torch.manual_seed(seed)
        generator, discriminator = self.networks
        method = METHODS.create(
            Spec(self.method, self.options or {}), generator=generator, discriminator=discriminator
        )
        learn(method, self.feed(steps, count), self.rate, seed)
        return method


def pairs(steps: int, count: int) -> list[Batch]:
    """Make red pictures, and beside them what the true mapping makes of each."""
    reds = [patterns(count, RED, step) for step in range(steps)]
    return [{"a": red, "b": recoloured(red, RED, BLUE)} for red in reds]


def labelled(steps: int, count: int) -> list[Batch]:
    """Make batches that are red in their first half, class 0, and blue in the other, class 1."""
    half = count // 2
    label = torch.arange(count) // half
    return [
        {"picture": torch.cat([batch["a"], batch["b"]]), "label": label}
        for batch in unpaired(steps, half)
    ]


def films(steps: int, count: int) -> list[Batch]:
    """Make batches of red and of blue clips that share no pattern."""
    return [
        {"a": clips(count, RED, 2 * step), "b": clips(count, BLUE, 2 * step + 1)}
        for step in range(steps)
    ]


PATCHES: dict[str, object] = {
    "embedding": 32,
    "patches": 64,
    "layers": ["picture", "down.0", "down.1"],
}
KNOWN = {
    one.method: one
    for one in (
        Known("cyclegan", 160, 4),
        Known("pix2pix", 100, 4, pairs),
        Known("cut", 200, 4, options=PATCHES | {"identity": 1.0}),
        Known("dclgan", 160, 4, options=PATCHES),
        Known(
            "stargan", 180, 8, labelled,
            networks=(
                Spec("stargan", {"width": 8, "blocks": 1, "classes": 2, "style": 2}),
                Spec("stargan", {"width": 16, "layers": 2, "classes": 2}),
            ),
        ),
        Known(
            "distill", 80, 8, pairs,
            networks=(Spec("mobile", {"width": 16, "blocks": 1, "skip": True}), CRITIC),
        ),
        Known(
            "recycle", 180, 2, films,
            options={"predictor_width": 8, "predictor_depth": 2, "pool": 0},
        ),
    )
}  # fmt: skip


def ways(method: Method) -> dict[str, Translate]:
    """Return who translates, by direction: "ab" makes blue of red."""
    found = dict(method.translators())
    if "any" not in found:
        return {way: found[way] for way in sorted(found)}
    generator = found["any"]
    return {
        way: lambda x, label=label: generator(x, torch.full((len(x),), label))
        for way, label in (("ab", 1), ("ba", 0))
    }


def asked(way: str, count: int = 16) -> tuple[Tensor, Tensor]:
    """Return pictures that nobody has seen, and what the true mapping makes of them."""
    colour = COLOURS[way[0]]
    x = patterns(count, colour, HELD_OUT + (colour == BLUE))
    return x, recoloured(x, RED, BLUE)


@dataclass(frozen=True)
class Answer:
    """How near one direction came to the true mapping."""

    off: float
    """Mean absolute difference, 0 to 2; compare `untouched` and `one_colour`."""
    alike: float
    """Correlation of the patterns, 1 for the same: no colour alone brings it above 0."""


@torch.no_grad()
def answers(method: Method) -> dict[str, Answer]:
    """Ask each direction for what it has never seen."""
    found = {}
    for way, translate in ways(method).items():
        x, truth = asked(way)
        made = translate(x)
        patterns = [batch[:, COLOURS[way[1]]].flatten() for batch in (made, truth)]
        alike = float(torch.corrcoef(torch.stack(patterns))[0, 1])
        found[way] = Answer(error(made, truth), alike)
    return found


def untouched() -> float:
    """Return how far pictures are from what should be made of them."""
    return error(*asked("ab"))


def one_colour() -> float:
    """Return how far the best single colour is from what should be made."""
    _, truth = asked("ab")
    best = truth.transpose(0, 1).flatten(1).median(1).values  # of mean absolute differences
    return error(best[:, None, None].expand_as(truth), truth)
