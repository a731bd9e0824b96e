"""Pictures of few colours: a head that chooses, for every pixel, one colour of a palette."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Literal, Protocol, cast

import torch
from torch import Tensor, nn

from cyclekit.media.palette import MOST
from cyclekit.models.drawing import drawn
from cyclekit.registry import Registry, Spec

Relaxation = Literal["softmax", "gumbel", "straight_through", "nearest"]
"""What stands for the choice in training, through which no gradient passes."""
FEWEST = 2
"""Colours between which there is something to choose."""
_PACE = 4.0  # learned colours move as many times as fast as other weights


def softmax(logits: Tensor, temperature: float = 1.0) -> Tensor:
    """Mix the colours: p_k = exp(l_k / T) / sum of exp(l / T)."""
    return torch.softmax(logits / temperature, dim=1)


def gumbel(logits: Tensor, temperature: float = 1.0) -> Tensor:
    """Mix after a draw (https://arxiv.org/abs/1611.01144): softmax of (l + g) / T, g ~ Gumbel(0, 1).

    At a low temperature this is nearly one colour, drawn with the probabilities of softmax(l). If e
    is drawn from the exponential distribution, -log e is from Gumbel(0, 1).
    """
    waits = drawn(
        lambda rows: logits.new_empty(rows, *logits.shape[1:]).exponential_(), len(logits)
    )
    return torch.softmax((logits - waits.log()) / temperature, dim=1)


def straight_through(logits: Tensor, temperature: float = 1.0) -> Tensor:
    """Choose as in use, and let the gradient of `softmax` pass (https://arxiv.org/abs/1308.3432).

    A critic never sees a mixture, so that it cannot tell pictures by their softness.
    """
    soft = softmax(logits, temperature)
    hard = torch.zeros_like(soft).scatter_(1, logits.argmax(1, keepdim=True), 1.0)
    return hard + (soft - soft.detach())


RELAXATIONS: dict[str, Callable[[Tensor, float], Tensor]] = {
    "softmax": softmax,
    "gumbel": gumbel,
    "straight_through": straight_through,
}
"""From logits (N, K, H, W) and a temperature to weights of the colours."""
CHOICES: tuple[str, ...] = (*RELAXATIONS, "nearest")
"""All names of a relaxation. `nearest` needs no logits: it takes the colour nearest to one."""


class Codebook(nn.Module):
    """Chooses one of its colours for every pixel.

    Between logits, one a colour: in use the largest, in training relaxed. Or, with `nearest`, by
    the colour that a network made: the one nearest to it, in training with the gradient passed on
    as if nothing had been chosen (https://arxiv.org/abs/1711.00937, section 3.2).

    Args:
        colors: how many to learn, or those that are given: "#1a1c2c", in the order of their index.
        relaxation: softmax | gumbel | straight_through | nearest.
        temperature: of the relaxation in training; low is near to a choice, and learns slowly.
            `nearest` has none.
    """

    given: Tensor | None

    def __init__(
        self, colors: int | Sequence[str], relaxation: Relaxation, temperature: float
    ) -> None:
        super().__init__()
        if relaxation not in CHOICES:
            expected = ", ".join(CHOICES)
            raise ValueError(f"relaxation must be one of {expected}, got '{relaxation}'")
        if not temperature > 0:
            raise ValueError(f"temperature must be above 0, got {temperature}")
        self.relaxation, self.temperature = relaxation, temperature
        if isinstance(colors, int):
            self.learned: nn.Parameter | None = nn.Parameter(torch.atanh(_spread(colors)) / _PACE)
            given = None
        else:
            self.learned = None
            given = torch.tensor([_levels(color) for color in colors]) / 127.5 - 1
        self.register_buffer("given", given, persistent=False)  # the model's header has them

    @property
    def levels(self) -> Tensor:
        """The colours as they are stored, uint8 RGB (K, 3)."""
        return ((self._colors().detach() + 1) * 127.5).round().to(torch.uint8)

    @property
    def reads(self) -> int:
        """Channels of what it chooses by: one a colour, or those of a picture."""
        return 3 if self.relaxation == "nearest" else len(self.levels)

    def forward(self, values: Tensor) -> Tensor:
        """Choose.

        Args:
            values: logits (N, K, H, W); of `nearest`, a picture (N, 3, H, W) in [-1, 1].

        Returns:
            A picture (N, 3, H, W) in [-1, 1], float32.
        """
        with _exactly(values.device):
            values = values.float()
            if not self.training:
                exact = self.levels.float() / 127.5 - 1
                return exact[self._closeness(values, exact).argmax(1)].permute(0, 3, 1, 2)
            if self.relaxation == "nearest":
                return self._nearest(values)
            weights = RELAXATIONS[self.relaxation](values, self.temperature)
            return torch.einsum("nkhw,kc->nchw", weights, self._colors())

    def _nearest(self, picture: Tensor) -> Tensor:
        colors = self._colors()
        index = self._closeness(picture.detach(), colors.detach()).argmax(1)
        return colors[index].permute(0, 3, 1, 2) + (picture - picture.detach())

    def _closeness(self, values: Tensor, colors: Tensor) -> Tensor:
        """Return what is largest for the colour to choose, (N, K, H, W)."""
        if self.relaxation != "nearest":
            return values
        # |x - c|^2 without |x|^2, which is the same for all.
        products = torch.einsum("nchw,kc->nkhw", values, colors)
        return 2 * products - colors.square().sum(1)[:, None, None]

    def _colors(self) -> Tensor:
        if self.learned is not None:
            return torch.tanh(_PACE * self.learned)
        assert self.given is not None
        return self.given


def _exactly(device: torch.device) -> AbstractContextManager[object]:
    """Compute as it is written: in bfloat16 colours would be half a level off."""
    if device.type == "meta":  # knows no autocast
        return nullcontext()
    return torch.autocast(device.type, enabled=False)


class Projecting(Protocol):
    """A head that can stop before its last step."""

    geometry: Any

    def project(self, x: Tensor) -> Tensor:
        """Map features to values without bounds."""


class PaletteHead(nn.Module):
    """A generator's own last layer with outputs to choose by, and the choice."""

    def __init__(self, inner: nn.Module, codebook: Codebook) -> None:
        super().__init__()
        self.inner, self.codebook = inner, codebook
        self.geometry = cast("Projecting", inner).geometry  # a choice looks at its own pixel only

    @property
    def palette(self) -> Tensor:
        """The colours that all outputs consist of, uint8 RGB (K, 3)."""
        return self.codebook.levels

    def forward(self, x: Tensor) -> Tensor:
        """Map features to a picture in [-1, 1]."""
        if self.codebook.relaxation == "nearest":
            return self.codebook(self.inner(x))  # type: ignore[no-any-return]
        return self.codebook(cast("Projecting", self.inner).project(x))  # type: ignore[no-any-return]


HEADS: Registry[Any] = Registry("head")


@HEADS.register("palette")
def palette(
    colors: int | str | Sequence[str] = 16,
    relaxation: Relaxation = "straight_through",
    temperature: float = 1.0,
    direction: Literal["ab", "ba", "both"] = "both",
) -> Codebook:
    """Build what chooses between colours.

    Args:
        colors: how many to learn; or those that are given, as a list or in one text.
        relaxation: softmax | gumbel | straight_through | nearest.
        temperature: of the relaxation.
        direction: the only direction with this head, or both.
    """
    if isinstance(colors, str):
        colors = split_colors(colors)
    count = colors if isinstance(colors, int) else len(colors) if _is_list(colors) else -1
    if isinstance(colors, bool) or not FEWEST <= count <= MOST:
        raise ValueError(
            f"colors must be a number from {FEWEST} to {MOST}, or as many colours such as "
            f"'1a1c2c,f4f4f4', got {colors!r}"
        )
    return Codebook(colors, relaxation, temperature)


def split_head(spec: Spec, direction: str) -> tuple[Spec, Codebook | None]:
    """Take the options of a head out of a generator's.

    Args:
        spec: of a generator; where its option `head` names a head, that one's options lie beside.
        direction: "ab" or "ba".

    Returns:
        The generator without them, and the head's last step; None for the generator's own head.
    """
    if "head" not in spec.options:
        return spec, None
    name = str(spec.options["head"])
    known = HEADS.options(name)
    own = {key: value for key, value in spec.options.items() if key in known}
    others = {key: value for key, value in spec.options.items() if key not in {*known, "head"}}
    codebook = HEADS.create(Spec(name, own))  # refuses what is wrong, wanted here or not
    wanted = own.get("direction", "both") in ("both", direction)
    return Spec(spec.name, others), codebook if wanted else None


def split_colors(text: str) -> list[str]:
    """Read colours such as "1a1c2c,#f4f4f4" out of one text.

    Raises:
        ValueError: naming what is no colour.
    """
    return [color for color in re.split(r"[\s,;-]+", text.strip()) if _levels(color)]


def _levels(color: object) -> list[int]:
    if not isinstance(color, str) or not re.fullmatch(r"#?[0-9a-fA-F]{6}", color):
        raise ValueError(f"{color!r} is no colour; expected six digits such as '1a1c2c'")
    return list(bytes.fromhex(color.removeprefix("#")))


def _is_list(colors: object) -> bool:
    return isinstance(colors, Sequence) and not isinstance(colors, str)


def _spread(count: int) -> Tensor:
    """Spread colours evenly over the cube, (K, 3) within (-1, 1): a Halton sequence."""
    return torch.tensor([[_halton(i + 1, base) for base in (2, 3, 5)] for i in range(count)])


def _halton(index: int, base: int) -> float:
    """Return -0.9 to 0.9: the digits of a number, mirrored at the point."""
    share, weight = 0.0, 1.0
    while index:
        index, digit = divmod(index, base)
        weight /= base
        share += weight * digit
    return 1.8 * share - 0.9
