"""What every generator and every discriminator promises."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar, Literal, cast

import torch
from torch import Tensor, nn

from cyclekit.errors import ConfigError
from cyclekit.models.memory import Memory
from cyclekit.models.palette import PaletteHead, split_head
from cyclekit.registry import Registry, Spec

Kind = Literal["translator", "noise", "domains", "predictor"]
"""What a generator makes pictures from: pictures, noise, pictures and the name of a domain, or the
frames before."""


class Generator(nn.Module, ABC):
    """A network that makes pictures."""

    kind: ClassVar[Kind]
    out_channels: int

    @abstractmethod
    def forward(self, x: Tensor) -> Tensor:
        """Make pictures in [-1, 1] from `x`."""

    @abstractmethod
    def check_side(self, side: int) -> None:
        """Refuse square pictures that do not fit.

        Raises:
            ValueError: saying what their side must be: "must be 64".
        """

    @abstractmethod
    def example(self, side: int) -> tuple[Tensor, ...]:
        """Return inputs for one picture of about `side` px, on the default device."""

    def settle(self) -> None:
        """Measure what only a finished network can know, before it is used; most know nothing."""


class ImageGenerator(Generator):
    """A generator that turns pictures into pictures of the same size.

    `stride` is what height and width of the input must be a multiple of. The last convolution is
    called `head`; it runs in the type of its own weights, so that a copy in half precision may
    keep it in float32 (`lower`). Nothing follows it where `ends_with_head`.
    """

    kind = "translator"
    stride: int
    in_channels: int
    head: nn.Module
    ends_with_head: bool = True

    def lower(self, dtype: torch.dtype) -> None:
        """Store all weights but the head's as `dtype`, in place, for inference.

        The head stays float32: in bfloat16 it alone would cost a quarter of a level.
        """
        for name, child in self.named_children():
            if name != "head":
                child.to(dtype)

    def encoder(self) -> tuple[nn.Module, ...]:
        """Return the parts that read a picture, down to its smallest size, where it has such."""
        named = (getattr(self, name, None) for name in ("stem", "down"))
        return tuple(part for part in named if isinstance(part, nn.Module))

    @property
    def palette(self) -> Tensor | None:
        """The colours that all outputs consist of, uint8 RGB (K, 3); None for any colours."""
        return self.head.palette if isinstance(self.head, PaletteHead) else None

    def check_side(self, side: int) -> None:
        """Refuse a side that is no multiple of `stride`."""
        if side % self.stride:
            raise ValueError(f"must be a multiple of {self.stride}")

    def example(self, side: int) -> tuple[Tensor, ...]:
        """Return one black-to-be picture, its side rounded up to the stride."""
        side += -side % self.stride
        return (torch.empty(1, self.in_channels, side, side),)


class Discriminator(nn.Module, ABC):
    """A network that judges pictures: logits, higher is more real.

    Where `compares` is true, a judgement depends on the other pictures of the batch; real and
    generated ones must then be judged apart. `classes` is how many kinds of pictures it knows of.
    `body` turns pictures into the features that it judges by.
    """

    compares: bool = False
    classes: int = 0
    body: nn.Module

    @abstractmethod
    def forward(
        self, x: Tensor, label: Tensor | None = None, memory: Memory | None = None
    ) -> Tensor:
        """Judge pictures.

        Args:
            x: float (N, C, H, W) in [-1, 1].
            label: class of each picture, int64 (N,), for those that know classes.
            memory: of older pictures, for those that compare.

        Returns:
            A map of logits a picture, (N, 1, h, w); (N, 1, 1, 1) of those that judge it whole.
        """


GENERATORS: Registry[Generator] = Registry("generator")
DISCRIMINATORS: Registry[Discriminator] = Registry("discriminator")

_MAKES: dict[Kind, str] = {
    "translator": "turns pictures into pictures",
    "noise": "makes pictures from noise",
    "domains": "turns pictures into any of many domains",
    "predictor": "predicts frames",
}


def build_generator(spec: Spec, direction: str = "ab") -> Generator:
    """Build a generator of any kind, with the head that it asks for in a direction.

    Args:
        spec: name and options; beside the option `head`, those of the head.
        direction: "ab", "ba" or "noise".

    Raises:
        ConfigError: if the name or an option is unknown, or the head does not fit.
    """
    plain, codebook = split_head(spec, direction)
    if codebook is None:
        return GENERATORS.create(plain)
    generator = GENERATORS.create(plain, out_channels=codebook.reads)
    if not isinstance(generator, ImageGenerator):
        raise ConfigError(f"generator '{spec.name}' takes no head, got '{spec.options['head']}'")
    if not generator.ends_with_head:
        raise ConfigError(
            f"generator '{spec.name}' with skip adds to what its head makes, so it takes no other; "
            f"got head '{spec.options['head']}'"
        )
    generator.head = PaletteHead(generator.head, codebook)
    generator.out_channels = 3
    return generator


def make_generator(spec: Spec, kind: Kind, direction: str = "ab") -> Generator:
    """Build a generator of one kind.

    Raises:
        ConfigError: if the name or an option is unknown, or the generator is of another kind.
    """
    generator = build_generator(spec, direction)
    if generator.kind != kind:
        raise ConfigError(
            f"generator '{spec.name}' {_MAKES[generator.kind]}; expected one that {_MAKES[kind]}"
        )
    return generator


def make_translator(spec: Spec, direction: str = "ab") -> ImageGenerator:
    """Build what turns pictures into pictures in a direction; errors as in `make_generator`."""
    return cast("ImageGenerator", make_generator(spec, "translator", direction))
