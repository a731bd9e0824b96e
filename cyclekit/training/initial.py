"""Begin where another model ended: its generators, fitted to this run's pictures."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from cyclekit.errors import ConfigError
from cyclekit.models import Generator, ImageGenerator
from cyclekit.models.palette import PaletteHead

ANOTHER = (
    "train.init_from: the model is another network; leave generator settings out, so that they "
    "are taken from it"
)

COLORS = "head.codebook."
"""Where a head keeps the colours that it learned."""


@torch.no_grad()
def take_over(generators: Mapping[str, Generator], initial: Mapping[str, Generator]) -> list[str]:
    """Copy weights, direction by direction; a direction that `initial` lacks stays as it is.

    A head that makes pictures as always and then takes the nearest colours fits any other such
    head; the colours are the run's own, unless both learn as many.

    Where pictures have other channels, a gray picture gives the same as before: one channel is
    shared out to many, many are added up to one; else the first channels are taken over, and new
    ones say nothing yet.

    Args:
        generators: of the run, by direction; changed in place.
        initial: of another model, by direction of this run.

    Returns:
        The directions that were taken over.

    Raises:
        ConfigError: if there is none, a network is another one, or its head chooses by something
            else.
    """
    taken = [direction for direction in generators if direction in initial]
    if not taken:
        raise ConfigError(
            f"train.init_from: the model holds {', '.join(initial)}, "
            f"this run needs {' or '.join(generators)}"
        )
    for direction in taken:
        _copy(generators[direction], initial[direction])
    return taken


def _copy(new: Generator, old: Generator) -> None:
    _check_heads(new, old)
    weights, wanted = _named_as_in(new, old), new.state_dict()
    if weights.keys() != wanted.keys():
        raise ConfigError(ANOTHER)
    for name, module in new.named_modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            inside, outside = (0, 1) if isinstance(module, nn.ConvTranspose2d) else (1, 0)
            for key, dims in ((f"{name}.weight", (inside, outside)), (f"{name}.bias", (None, 0))):
                if key in weights and weights[key].shape != wanted[key].shape:
                    weights[key] = _fitted(weights[key], wanted[key], dims, old, new)
    if any(weights[key].shape != value.shape for key, value in wanted.items()):
        raise ConfigError(ANOTHER)
    new.load_state_dict(weights)


def _check_heads(new: Generator, old: Generator) -> None:
    """Refuse what made colours for a head that weighs those of a palette."""
    head = _palette_head(new)
    if head is None or head.codebook.relaxation == "nearest":
        return
    before = _palette_head(old)
    if before is None or before.codebook.relaxation == "nearest":
        raise ConfigError(
            "train.init_from: the model makes colours, but a head with generator.relaxation="
            f"{head.codebook.relaxation} weighs those of a palette; set "
            "generator.relaxation=nearest, or leave out --init-from"
        )


def _named_as_in(new: Generator, old: Generator) -> dict[str, Tensor]:
    """Return the weights of a network by the names of another, whose head may choose colours."""
    weights = old.state_dict()
    if _palette_head(old) is not None:
        weights = {key.replace("head.inner.", "head."): one for key, one in weights.items()}
    colors = {key: weights.pop(key) for key in list(weights) if key.startswith(COLORS)}
    if _palette_head(new) is None:
        return weights
    weights = {
        f"head.inner.{key.removeprefix('head.')}" if key.startswith("head.") else key: one
        for key, one in weights.items()
    }
    own = {key: one for key, one in new.state_dict().items() if key.startswith(COLORS)}
    fit = {key: one for key, one in colors.items() if key in own and one.shape == own[key].shape}
    return weights | own | fit


def _palette_head(generator: Generator) -> PaletteHead | None:
    head = generator.head if isinstance(generator, ImageGenerator) else None
    return head if isinstance(head, PaletteHead) else None


def _fitted(
    weight: Tensor, wanted: Tensor, dims: tuple[int | None, int], old: Generator, new: Generator
) -> Tensor:
    """Fit one end of a network to its pictures' channels; anything else stays as it is."""
    inside, outside = dims
    channels = getattr(old, "in_channels", 0), getattr(new, "in_channels", 0)
    if inside is not None and (weight.shape[inside], wanted.shape[inside]) == channels:
        weight = _inputs(weight, inside, wanted.shape[inside])
    if (weight.shape[outside], wanted.shape[outside]) == (old.out_channels, new.out_channels):
        weight = _outputs(weight, outside, wanted.shape[outside])
    return weight


def _inputs(weight: Tensor, dim: int, count: int) -> Tensor:
    """Give a weight another number of input channels."""
    before = weight.shape[dim]
    if before == 1 and count > 1:
        return weight.repeat_interleave(count, dim) / count
    if count == 1:
        return weight.sum(dim, keepdim=True)
    return _common(weight, dim, count)


def _outputs(weight: Tensor, dim: int, count: int) -> Tensor:
    """Give a weight or a bias another number of output channels."""
    before = weight.shape[dim]
    if before == 1 and count > 1:
        return weight.repeat_interleave(count, dim)
    if count == 1:
        return weight.mean(dim, keepdim=True)
    return _common(weight, dim, count)


def _common(weight: Tensor, dim: int, count: int) -> Tensor:
    before = weight.shape[dim]
    if count <= before:
        return weight.narrow(dim, 0, count)
    shape = list(weight.shape)
    shape[dim] = count - before
    return torch.cat([weight, weight.new_zeros(shape)], dim)
