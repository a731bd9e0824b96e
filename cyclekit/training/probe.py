"""The same few inputs, looked at again and again: what the run's health is read from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from cyclekit.data.datasets import Pictures
from cyclekit.data.kinds import Domains
from cyclekit.models import DomainGenerator, Generator, ImageGenerator, NoiseGenerator
from cyclekit.models.predictor import Predictor
from cyclekit.pixels import from_bytes

PICTURES = 8
"""Enough to tell whether outputs differ; under a hundredth of the work between two ticks."""


@dataclass(frozen=True)
class Seen:
    """What one generator makes of the same inputs as ever; all float (N, C, H, W) in [-1, 1]."""

    title: str
    """Which generator: "horse to zebra"."""
    made: Tensor
    """Its pictures."""
    real: Tensor
    """Real pictures of the kind that it should make."""
    source: Tensor | None = None
    """What it made them of; None for noise."""


class Probe:
    """A few crops of the run's own data.

    Args:
        pictures: what the run learns from; its first positions are taken.
        domains: whose names are given to the generators.
        device: where the generators are.
    """

    def __init__(self, pictures: Pictures, domains: Domains, device: torch.device) -> None:
        items = [pictures[position].values for position in range(PICTURES)]
        self._values = {
            name: from_bytes(torch.stack([item[name] for item in items])).to(device)
            for name, value in items[0].items()
            if value.dtype == torch.uint8
        }
        self._labels = torch.stack([item.get("label", torch.tensor(0)) for item in items])
        self._labels = self._labels.to(device)
        self._names = [domain.name for domain in domains]

    @torch.no_grad()
    def look(self, generators: Mapping[str, Generator]) -> list[Seen]:
        """Let every generator that is understood work on the same inputs.

        Args:
            generators: by direction, in evaluation mode.
        """
        seen = []
        for direction, generator in generators.items():
            if isinstance(generator, Predictor):
                past, real = self._values["clip"].split([generator.in_channels, 3], dim=1)
                seen.append(Seen("next frame", generator(past).float(), real))
            elif isinstance(generator, NoiseGenerator):
                real = next(iter(self._values.values()))
                made = generator(*generator.inputs(range(PICTURES), seed=0))
                seen.append(Seen(f"noise to {', '.join(self._names)}", made.float(), real))
            elif isinstance(generator, DomainGenerator):
                source = self._values["picture"]
                others = (self._labels + 1) % generator.classes
                made = generator(source, others)
                seen.append(Seen(f"any of {', '.join(self._names)}", made.float(), source, source))
            elif isinstance(generator, ImageGenerator) and set(direction) <= set(self._values):
                # Of a clip, whose frames are stacked, the first one.
                source, real = (self._values[letter][:, :3] for letter in direction)
                made = torch.cat([generator(picture[None]) for picture in source])
                names = [self._names["ab".index(letter)] for letter in direction]
                seen.append(Seen(" to ".join(names), made.float(), real, source))
        return [one for one in seen if one.made.shape[1:] == one.real.shape[1:]]
