"""What changes between papers, and nothing else."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from torch import Tensor, nn

from cyclekit.models import Discriminator, Generator
from cyclekit.models.base import Kind
from cyclekit.registry import Registry

DataKind = Literal["single", "labelled", "paired", "unpaired", "clips", "unpaired clips"]
"""How the pictures lie in folders, and what a batch holds of them."""
Batch = Mapping[str, Tensor]
"""Inputs by name: pictures, float (N, C, H, W) in [-1, 1], and labels, int64 (N,)."""
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
    interval: int = 1
    """Steps between two turns: 5 lets the others play five times first."""

    def is_due(self, step: int) -> bool:
        """Say whether the phase takes part in a step, counted from 0."""
        return (step + 1) % self.interval == 0


@dataclass(frozen=True)
class Translation:
    """What a translator does in a step."""

    network: Generator
    """Whose weights do it."""
    run: Callable[[Tensor], Tensor]
    """Translates pictures, (N, C, H, W)."""
    x: Tensor
    """The pictures."""
    made: Tensor | None
    """What it made of them; None if it has not yet."""


@dataclass(frozen=True)
class Moment:
    """Where in its run a step stands."""

    step: int = 0
    """Steps done before."""
    share: float = 0.0
    """Part of the run that is behind, 0 to 1; 0 while its length is unknown."""
    keep_colors: bool = False
    """Whether outputs are to hold on to their inputs' colours for now: a remedy of `--rescue`."""


class Method(nn.Module, ABC):
    """One published algorithm.

    A step sets `moment`, calls `forward` once, then `losses` for every phase that is due, in order.
    """

    data: ClassVar[DataKind]
    """What a batch holds: single {"picture"}, labelled {"picture", "label"}, unpaired {"a", "b"};
    clips {"clip"}, unpaired clips {"a", "b"}, the frames of a clip stacked as channels."""
    makes: ClassVar[Kind] = "translator"
    """What its generators make pictures from."""
    keeps_colors: bool = False
    """Whether the method heeds `Moment.keep_colors`."""
    moment = Moment()
    """When: whatever a method changes over its run is a function of this."""

    @abstractmethod
    def phases(self) -> tuple[Phase, ...]:
        """Return who is trained, in order."""

    @abstractmethod
    def forward(self, batch: Batch, seed: int = 0) -> Images:
        """Make all pictures of a step, once, on the graph; every phase shares them.

        Args:
            batch: the inputs.
            seed: for anything drawn at random here; the same on every process.
        """

    @abstractmethod
    def losses(self, phase: str, batch: Batch, images: Images, seed: int) -> Losses:
        """Return the weighted losses of a phase.

        Args:
            phase: name of one of `phases`.
            batch: the inputs.
            images: what `forward` returned.
            seed: for anything drawn at random here; the same on every process.

        Returns:
            Scalars by name; what a critic pays for its judgements begins with "d_", or is
            "discriminator".
        """

    @abstractmethod
    def translators(self) -> Mapping[str, Generator]:
        """Return what is averaged, saved and loaded, by direction: "ab", "ba", "noise" or "any"."""

    def translations(self, batch: Batch, images: Images) -> dict[str, Translation]:
        """Return what the translators do in a step, by direction: from "a", and to "fake_b"."""
        return {
            way: Translation(network, network, batch[way[0]], images.get(f"fake_{way[1]}"))
            for way, network in self.translators().items()
        }

    def critics(self) -> dict[str, Discriminator]:
        """Return who tells real pictures from made ones, by domain ("a", "b"); empty if nobody.

        Each judges pictures alone, with the logits of the loss `adversarial`.
        """
        return {}


METHODS: Registry[Method] = Registry("method")


def kind_made(name: str) -> Kind:
    """Return what the generators of the method called `name` make pictures from.

    Raises:
        UnknownNameError: if there is no such method.
    """
    return _class(name).makes


def data_kind(name: str) -> DataKind:
    """Return what kind of data the method called `name` learns from.

    Raises:
        UnknownNameError: if there is no such method.
    """
    return _class(name).data


def _class(name: str) -> type[Method]:
    method = METHODS.factory(name)
    assert isinstance(method, type)
    assert issubclass(method, Method)
    return method
