"""What every generator from noise promises."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from typing import cast

import torch
from torch import Tensor

from cyclekit.models.base import Generator, make_generator
from cyclekit.models.batch_norm import measure_standing
from cyclekit.models.latents import latents
from cyclekit.registry import Spec

STANDING, TOGETHER = 256, 32
"""Pictures that standing statistics are measured from, and how many at once."""
STANDING_SEED = 2**31
"""Far from the seeds that people choose: what is shown takes no part in the measure."""


class NoiseGenerator(Generator):
    """A generator that makes square pictures of one size from z ~ N(0, I).

    `latent` is the length of z, `side` the pictures' side in px, `classes` how many kinds of
    pictures it can be asked for, 0 where it knows of none.
    """

    kind = "noise"
    latent: int
    side: int
    classes: int = 0

    @abstractmethod
    def forward(self, x: Tensor, label: Tensor | None = None) -> Tensor:
        """Make pictures.

        Args:
            x: z, float (N, latent).
            label: class of each picture, int64 (N,); needed where there are classes.

        Returns:
            float (N, out_channels, side, side) in [-1, 1].
        """

    def check_side(self, side: int) -> None:
        """Refuse every side but its own."""
        if side != self.side:
            raise ValueError(f"must be {self.side}")

    def example(self, side: int) -> tuple[Tensor, ...]:
        """Return the inputs of one picture; its side is what it is."""
        z = torch.empty(1, self.latent)
        return (z, torch.zeros(1, dtype=torch.int64)) if self.classes else (z,)

    def inputs(
        self, numbers: Sequence[int], seed: int, truncation: float | None = None,
        label: int | None = None,
    ) -> tuple[Tensor, ...]:  # fmt: skip
        """Draw the inputs of some pictures.

        Args:
            numbers: of the pictures.
            seed: of the noise.
            truncation: as in `latents`.
            label: class of all; None lets the classes take turns.

        Returns:
            Arguments of `forward`, on the generator's device.
        """
        device = next(self.parameters()).device
        z = latents(numbers, self.latent, seed, truncation).to(device)
        if not self.classes:
            return (z,)
        turns = [number % self.classes if label is None else label for number in numbers]
        return z, torch.tensor(turns, device=device)

    def settle(self, truncation: float | None = None) -> None:
        """Measure the standing statistics of its batch norms over pictures of all classes.

        Args:
            truncation: that pictures will be drawn with; what the norms see depends on it.
        """
        measure_standing(self, self._standing(truncation))

    def _standing(self, truncation: float | None) -> Iterator[tuple[Tensor, ...]]:
        for first in range(0, STANDING, TOGETHER):
            yield self.inputs(range(first, first + TOGETHER), STANDING_SEED, truncation)


def make_noise_generator(spec: Spec) -> NoiseGenerator:
    """Build a generator that makes pictures from noise; errors as in `make_generator`."""
    return cast("NoiseGenerator", make_generator(spec, "noise"))
