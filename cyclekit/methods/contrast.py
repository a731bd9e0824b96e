"""PatchNCE over several layers of a generator, as CUT and its relatives use it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor

from cyclekit.errors import ConfigError
from cyclekit.losses.contrastive import patch_nce
from cyclekit.methods.draws import Draws
from cyclekit.models import ImageGenerator
from cyclekit.models.processes import gather, rank
from cyclekit.models.taps import PICTURE, channels_at

Negatives = Literal["picture", "batch"]
PUBLISHED = (PICTURE, "down.0.0", "down.1.0", "blocks.0", "blocks.4")
"""What CUT's layers 0, 4, 8, 12 and 16 are called here."""


class Contrast:
    """Which patches are compared, and with what.

    Args:
        patches: places that are compared in each layer of each picture.
        temperature: as in `patch_nce`.
        negatives: whose patches a patch is told from: of its own picture, or of the whole batch.
    """

    def __init__(self, patches: int, temperature: float, negatives: Negatives) -> None:
        if patches < 1:
            raise ValueError(f"patches must be at least 1, got {patches}")
        if not temperature > 0:
            raise ValueError(f"temperature must be above 0, got {temperature}")
        self.patches, self.temperature, self.negatives = patches, temperature, negatives

    def places(self, features: Sequence[Tensor], seed: int) -> list[Tensor]:
        """Draw the places of each layer, int64 (P,), the same in all pictures of the batch."""
        return [
            Draws(seed, f"places {layer}", feature).places(feature[0, 0].numel(), self.patches)
            for layer, feature in enumerate(features)
        ]

    def __call__(self, queries: Sequence[Tensor], keys: Sequence[Tensor]) -> Tensor:
        """Return the mean PatchNCE of all layers, each (N, P, C)."""
        losses = [self._of_layer(q, k) for q, k in zip(queries, keys, strict=True)]
        return torch.stack(losses).mean()

    def _of_layer(self, query: Tensor, key: Tensor) -> Tensor:
        if self.negatives == "picture":
            return patch_nce(query, key, self.temperature)
        mine = query.flatten(0, 1)
        everyone = gather(key.detach()).flatten(0, 1)
        return patch_nce(mine[None], everyone[None], self.temperature, first=rank() * len(mine))


def choose_layers(
    generator: ImageGenerator, layers: Sequence[str] | None, usual: Sequence[str] = PUBLISHED
) -> tuple[str, ...]:
    """Return the named layers, or those of the usual ones that the generator has.

    Raises:
        ConfigError: if nothing is named and it has none of them.
    """
    if layers is not None:
        return tuple(layers)
    known = {PICTURE} | {name for name, _ in generator.named_modules()}
    found = tuple(name for name in usual if name in known)
    if set(found) <= {PICTURE}:
        raise ConfigError(f"method.layers is missing: the generator has none of {', '.join(usual)}")
    return found


def count_channels(generator: ImageGenerator, layers: Sequence[str]) -> list[int]:
    """Return the channels of the features at some layers of a generator; errors as `channels_at`."""
    side = 64 + -64 % generator.stride
    return channels_at(generator, layers, generator.in_channels, side)
