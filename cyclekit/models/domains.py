"""Generators that turn pictures into pictures of any of many domains, in many styles."""

from __future__ import annotations

from abc import abstractmethod
from typing import cast

import torch
from torch import Tensor, nn

from cyclekit.models.base import GENERATORS, Generator, ImageGenerator, make_generator
from cyclekit.models.latents import latents
from cyclekit.models.norm import InstanceNorm, steering
from cyclekit.models.resnet import Down, Resnet, Up
from cyclekit.models.sizes import Blocks, Length, Size
from cyclekit.registry import Spec


class DomainGenerator(Generator):
    """A generator that is told which domain, and in which style.

    `classes` is the number of domains, `style` the length of the style's vector z ~ N(0, I), 0
    where it knows no styles. Domain and style fixed, it is a translator like any other (`towards`).
    """

    kind = "domains"
    stride: int
    in_channels: int
    classes: int
    style: int

    @abstractmethod
    def forward(self, x: Tensor, label: Tensor | None = None, z: Tensor | None = None) -> Tensor:
        """Translate pictures.

        Args:
            x: float (N, C, H, W) in [-1, 1]; H and W multiples of `stride`.
            label: target domain of each picture, int64 (N,); needed.
            z: style of each picture, (N, style); None for the middle of all, 0.

        Returns:
            Pictures of the same size.
        """

    @abstractmethod
    def towards(self, label: int, z: Tensor | None = None) -> ImageGenerator:
        """Return a translator into one domain and one style (style,), with weights of its own."""

    def styled(self, number: int | None) -> Tensor | None:
        """Return the style of a number, (style,); None for the middle of all."""
        return None if number is None else latents([number], self.style, 0)[0]

    def check_side(self, side: int) -> None:
        """Refuse a side that is no multiple of `stride`."""
        if side % self.stride:
            raise ValueError(f"must be a multiple of {self.stride}")

    def example(self, side: int) -> tuple[Tensor, ...]:
        """Return one picture, its side rounded up to the stride, and a domain."""
        side += -side % self.stride
        return torch.empty(1, self.in_channels, side, side), torch.zeros(1, dtype=torch.int64)


@GENERATORS.register("stargan")
class StarGenerator(DomainGenerator):
    """The residual generator; domain and style scale and shift what its norms give.

    From the blocks on, every norm is y · (w + s(c)) + (b + t(c)), with c = f(domain, z) and s and t
    linear (adaptive instance norms, https://arxiv.org/abs/1703.06868, as StarGAN v2 has them; the
    first StarGAN writes the domain into the picture, which an instance norm would take away).

    Args:
        blocks: residual blocks.
        width: channels of the first layer; the blocks have four times as many.
        classes: domains; in a run, the number of folders.
        style: length of z, 0 for one style only.
        embedding: length of c.
        down: strided | blur.
        up: transposed | blur | resize.
        in_channels: channels of the input picture.
        out_channels: channels of the output picture.
    """

    stride = Resnet.stride

    def __init__(
        self,
        blocks: Blocks = 6,
        width: Size = 64,
        classes: Length = 0,
        style: Length = 8,
        embedding: Size = 64,
        down: Down = "strided",
        up: Up = "resize",
        in_channels: Size = 3,
        out_channels: Size = 3,
    ) -> None:
        super().__init__()
        self.classes, self.style = classes, style
        self.in_channels, self.out_channels = in_channels, out_channels
        self.plan = Spec(
            "resnet",
            {"blocks": blocks, "width": width, "norm": "instance_affine", "down": down, "up": up}
            | {"in_channels": in_channels, "out_channels": out_channels},
        )
        self.network = self._plain()
        self.steered = {
            name: module.channels
            for name, module in self.network.named_modules()
            if isinstance(module, InstanceNorm) and name.startswith(("blocks.", "up."))
        }
        self.domain = nn.Embedding(max(classes, 1), embedding)
        self.code = nn.Sequential(
            nn.Linear(embedding + style, embedding),
            nn.ReLU(),
            nn.Linear(embedding, embedding),
            nn.ReLU(),
        )
        self.steer = nn.Linear(embedding, 2 * sum(self.steered.values()), bias=False)

    def forward(self, x: Tensor, label: Tensor | None = None, z: Tensor | None = None) -> Tensor:
        """Translate float (N, C, H, W) in [-1, 1] into domains (N,) in styles (N, style)."""
        if label is None:
            raise ValueError(f"which of {self.classes} domains? label is missing")
        with steering(self.network, self._turns(label, z)):
            return self.network(x)  # type: ignore[no-any-return]

    @torch.no_grad()
    def towards(self, label: int, z: Tensor | None = None) -> ImageGenerator:
        """Return a `resnet` whose norms have the domain and the style in their weights."""
        plain = self._plain()
        plain.load_state_dict(self.network.state_dict())
        device = self.steer.weight.device
        styles = None if z is None else z[None].to(device)
        turns = self._turns(torch.tensor([label], device=device), styles)
        for name, (scale, shift) in turns.items():
            norm = cast("InstanceNorm", plain.get_submodule(name))
            assert norm.weight is not None
            assert norm.bias is not None
            norm.weight.add_(scale[0].cpu())
            norm.bias.add_(shift[0].cpu())
        return plain.eval()

    def _turns(self, label: Tensor, z: Tensor | None) -> dict[str, tuple[Tensor, Tensor]]:
        """By the norms' names, what is added to scale and shift, (N, C) each."""
        if z is None:
            z = self.steer.weight.new_zeros(len(label), self.style)
        code = self.code(torch.cat([self.domain(label), z], 1))
        turns = self.steer(code).float().split([2 * size for size in self.steered.values()], 1)
        pairs = (turn.chunk(2, 1) for turn in turns)
        return {name: (pair[0], pair[1]) for name, pair in zip(self.steered, pairs, strict=True)}

    def _plain(self) -> Resnet:
        return cast("Resnet", GENERATORS.create(self.plan))


def make_domain_generator(spec: Spec) -> DomainGenerator:
    """Build a generator of many domains; errors as in `make_generator`."""
    return cast("DomainGenerator", make_generator(spec, "domains"))
