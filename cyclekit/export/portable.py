"""Makes of a generator what every exporter can trace: plain operations, any size, any batch."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

from cyclekit.models.base import ImageGenerator
from cyclekit.models.norm import InstanceNorm

SMALLEST = 16
"""Pixels a side below which a generator's own reflections have nothing to reflect."""


def portable(generator: ImageGenerator, *, half: bool = False) -> nn.Module:
    """Return a copy that takes and gives float32 (N, 3, H, W) in [-1, 1].

    Args:
        generator: in evaluation mode on the CPU; stays as it is.
        half: compute in float16, all but the norms' statistics and the head.
    """
    made = copy.deepcopy(generator).requires_grad_(requires_grad=False)
    if half:
        made.lower(torch.float16)
    _replace_norms(made)
    return _InFloat(made, torch.float16 if half else torch.float32).eval()


def with_processing(network: nn.Module, stride: int) -> nn.Module:
    """Return a network that takes and gives stored pictures, uint8 (N, H, W, 3), of any size.

    Args:
        network: what `portable` returned.
        stride: what its height and width must be a multiple of; missing pixels are reflected.
    """
    return _Processed(network, stride).eval()


class _PlainInstanceNorm(nn.Module):
    """The same function as `InstanceNorm` with live statistics, as one known operation."""

    def __init__(self, norm: InstanceNorm) -> None:
        super().__init__()
        self.weight, self.bias, self.eps = norm.weight, norm.bias, norm.eps

    def forward(self, x: Tensor) -> Tensor:
        weight, bias = (None if of is None else of.float() for of in (self.weight, self.bias))
        y = torch.instance_norm(x.float(), weight, bias, None, None, True, 0.0, self.eps, False)
        return y.to(x.dtype)


class _InFloat(nn.Module):
    def __init__(self, network: nn.Module, dtype: torch.dtype) -> None:
        super().__init__()
        self.network, self.dtype = network, dtype

    def forward(self, x: Tensor) -> Tensor:
        return self.network(x.to(self.dtype)).float()  # type: ignore[no-any-return]


class _Processed(nn.Module):
    def __init__(self, network: nn.Module, stride: int) -> None:
        super().__init__()
        self.network, self.stride = network, stride

    def forward(self, picture: Tensor) -> Tensor:
        height, width = picture.shape[1], picture.shape[2]
        x = picture.permute(0, 3, 1, 2).float() * (2 / 255) - 1
        x = _reflected(_reflected(x, 2, self.stride), 3, self.stride)
        y = self.network(x)[:, :, :height, :width]
        levels = ((y + 1) * 127.5).round().clamp(0, 255)
        return levels.permute(0, 2, 3, 1).to(torch.uint8)  # type: ignore[no-any-return]


def _reflected(x: Tensor, dim: int, stride: int) -> Tensor:
    """Reflect a side at its end up to a multiple of the stride, and at least `SMALLEST`.

    By an index and not by a padding, whose size exporters take for a constant; so it also reaches
    further than the picture is long.
    """
    side: Tensor | int = x.shape[dim]  # a tensor while it is traced
    if isinstance(side, int):
        side = torch.tensor(side)
    steps = torch.div(side.clamp(min=SMALLEST) + stride - 1, stride, rounding_mode="floor")
    period = (2 * side - 2).clamp(min=1)
    place = torch.arange(steps * stride) % period  # type: ignore[call-overload]
    return x.index_select(dim, torch.minimum(place, period - place))


def _replace_norms(network: nn.Module) -> None:
    for name, child in network.named_children():
        if isinstance(child, InstanceNorm):
            setattr(network, name, _PlainInstanceNorm(child))
        else:
            _replace_norms(child)
