"""What changes between papers, and nothing else."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor, nn

from cyclekit.models import Discriminator, ImageGenerator
from cyclekit.registry import Registry

Batch = Mapping[str, Tensor]
"""Inputs by name, float (N, C, H, W) in [-1, 1]."""
Images = Mapping[str, Tensor]
"""What the generators made of a batch, by name, on the graph."""
Losses = dict[str, Tensor]
"""Weighted scalars by name; their sum is minimised."""


@dataclass(frozen=True)
class Phase:
    """One player's turn within a step."""

    name: str
    """Key for losses and optimizers: "generators", "discriminators"."""
    networks: tuple[nn.Module, ...]
    """Whose weights this phase changes; all others are held fixed."""


class Method(nn.Module, ABC):
    """One published algorithm.

    A step calls `forward` once, then `losses` for every phase in order.
    """

    data: ClassVar[str]
    """What a batch holds: "unpaired"."""

    @abstractmethod
    def phases(self) -> tuple[Phase, ...]:
        """Return who is trained, in order."""

    @abstractmethod
    def forward(self, batch: Batch) -> Images:
        """Make all pictures of a step, once, on the graph; every phase shares them."""

    @abstractmethod
    def losses(self, phase: str, batch: Batch, images: Images, seed: int) -> Losses:
        """Return the weighted losses of a phase.

        Args:
            phase: name of one of `phases`.
            batch: the inputs.
            images: what `forward` returned.
            seed: for anything drawn at random here; the same on every process.
        """

    @abstractmethod
    def translators(self) -> dict[str, ImageGenerator]:
        """Return what is averaged, saved and loaded, by direction."""

    def critics(self) -> dict[str, Discriminator]:
        """Return who tells real pictures from made ones, by domain ("a", "b"); empty if nobody.

        Each judges pictures alone, with the logits of the loss `adversarial`.
        """
        return {}


METHODS: Registry[Method] = Registry("method")
