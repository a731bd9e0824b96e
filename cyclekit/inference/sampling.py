"""Pictures from noise, the same for the same seed however many are asked for."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from cyclekit.devices import find_device
from cyclekit.errors import UsageError
from cyclekit.models import NoiseGenerator
from cyclekit.pixels import Array, to_image

TOGETHER = 16
"""Pictures of one forward pass. Always as many: convolutions round by the size of the batch."""


class Sampler:
    """A generator from noise, ready to draw pictures.

    Args:
        generator: the network; moved to the device.
        device: "auto", "cpu", "cuda" or "cuda:1".
        truncation: largest value of the noise, in deviations; less is better and more alike. The
            norms' standing statistics are measured for it. None takes noise as it comes.

    Raises:
        UsageError: if the device is not there, or the truncation not above 0.
    """

    def __init__(
        self, generator: NoiseGenerator, *, device: str = "auto", truncation: float | None = None
    ) -> None:
        if truncation is not None and not truncation > 0:
            raise UsageError(f"truncation must be above 0, got {truncation:g}")
        self.device = find_device(device)
        self.generator = generator.to(self.device).eval()
        self.truncation = truncation
        if truncation is not None:
            self.generator.settle(truncation)

    def draw(self, count: int, *, label: int | None = None, seed: int = 0) -> Iterator[Array]:
        """Make pictures one after another.

        Args:
            count: how many.
            label: class of all; None lets the classes take turns.
            seed: other seeds, other pictures. The first of 64 are the same as the first of 8.

        Yields:
            uint8 RGB (side, side, 3).
        """
        for first in range(0, count, TOGETHER):
            numbers = range(first, first + TOGETHER)
            inputs = self.generator.inputs(numbers, seed, self.truncation, label)
            with torch.inference_mode():
                made = self.generator(*inputs)
            for picture in made[: count - first]:
                yield to_image(picture)
