"""Consistency under made-up motion (https://arxiv.org/abs/2201.05723), for any game."""

from __future__ import annotations

from torch import Tensor

from cyclekit.errors import ConfigError
from cyclekit.losses.temporal import inconsistency, moved, smooth_flow
from cyclekit.methods.base import Batch, Images, Losses, Method, Phase, Translation
from cyclekit.methods.draws import Draws
from cyclekit.models import Discriminator, Generator

TRANSLATE = ("translator", "domains")
"""Kinds of generators that make pictures from pictures."""
GRID = 4
"""Points a side between which the flow is smooth."""


class Consistent(Method):
    """A game of translators, and one more rule: what moves in the input moves alike in the result.

    L_game + weight · E |G(flow(x) + noise) - flow(G(x))|,  for every translator G and its input x

    The motion is made up, so pictures serve as well as films. Noise, of which every frame of a film
    has its own, is a part of it: where nothing moves, it alone makes a translation flicker
    (https://arxiv.org/abs/1902.10424).

    Args:
        game: what else is learned; it translates pictures.
        weight: of the rule; the paper uses 10.
        shift: typical motion, px.
        noise: deviation of the noise, in units of [-1, 1].

    Raises:
        ConfigError: if the game translates nothing.
    """

    def __init__(self, game: Method, weight: float, shift: float, noise: float) -> None:
        super().__init__()
        if any(one.kind not in TRANSLATE for one in game.translators().values()):
            raise ConfigError("consistency is for methods that translate pictures; leave it at 0")
        self.game = game
        self.weight, self.shift, self.noise = weight, shift, noise
        self.keeps_colors = game.keeps_colors

    def phases(self) -> tuple[Phase, ...]:
        """Those of the game."""
        return self.game.phases()

    def translators(self) -> dict[str, Generator]:
        """Those of the game."""
        return dict(self.game.translators())

    def critics(self) -> dict[str, Discriminator]:
        """Those of the game."""
        return self.game.critics()

    def forward(self, batch: Batch, seed: int = 0) -> Images:
        """Make the game's pictures."""
        self.game.moment = self.moment
        return self.game(batch, seed)  # type: ignore[no-any-return]

    def losses(self, phase: str, batch: Batch, images: Images, seed: int) -> Losses:
        """Return the game's losses, and the rule's for whoever's turn it is."""
        losses = self.game.losses(phase, batch, images, seed)
        (turn,) = (one for one in self.phases() if one.name == phase)
        for way, translation in self.game.translations(batch, images).items():
            if any(translation.network is network for network in turn.networks):
                losses[f"consistency_{way}"] = self.weight * self._broken(translation, seed)
        return losses

    def _broken(self, translation: Translation, seed: int) -> Tensor:
        run, x, made = translation.run, translation.x, translation.made
        coarse = self.shift * Draws(seed, "motion", x).normal(2, GRID, GRID)
        flow = smooth_flow(coarse, *x.shape[2:])
        noise = self.noise * Draws(seed, "noise on frames", x).normal(*x.shape[1:])
        still = run(x) if made is None else made
        return inconsistency(run(moved(x, flow) + noise), still, flow)
