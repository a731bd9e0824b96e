"""3x3 convolutions with 2.25 times fewer multiplications, for training where products are dear.

Winograd's F(2x2, 3x3) (Lavin and Gray, https://arxiv.org/abs/1509.09308): every 2x2 outputs are
16 products instead of 36, Y = A' ((G g G') * (B' d B)) A, summed over the channels; so a
convolution is 16 products of matrices. What comes before and after is sums and differences of
every other row and column, which cost little beside the products of many channels.

The gradients are the transposed transforms around the same 16 products.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import torch
from torch import Tensor, nn
from torch.autograd.function import FunctionCtx, once_differentiable

from cyclekit.models.tiles import cut, cut_transposed, join, join_transposed, kernel_transform

FEWEST_CHANNELS = 128
"""Channels under which the sums cost more than the products save (measured)."""


class ReflectedConv(nn.Conv2d):
    """3x3 convolution of a reflect-padded picture, of as many channels in as out.

    Learns by Winograd's way where the CPU computes in bfloat16; its outputs and gradients are then
    0.5 to 0.7 % from float32's, instead of 0.3 %. Without gradients, and elsewhere, it is
    `conv2d` to the bit.

    Args:
        channels: of input and output.
        bias: whether a bias is added.
    """

    def __init__(self, channels: int, bias: bool = True) -> None:
        super().__init__(channels, channels, 3, padding=1, padding_mode="reflect", bias=bias)

    def forward(self, input: Tensor) -> Tensor:
        """Convolve (N, C, H, W) to the same shape."""
        if not self._has_many_products(input):
            return super().forward(input)
        y = winograd(input.bfloat16(), self.weight)
        return y if self.bias is None else y + self.bias.to(y.dtype)[:, None, None]

    def _has_many_products(self, x: Tensor) -> bool:
        wide = self.in_channels >= FEWEST_CHANNELS
        even = not x.shape[2] % 2 and not x.shape[3] % 2
        return wide and even and x.is_cpu and torch.is_grad_enabled() and _is_for_bf16(x)


def _is_for_bf16(x: Tensor) -> bool:
    if torch.is_autocast_enabled("cpu"):
        return torch.get_autocast_dtype("cpu") == torch.bfloat16
    return x.dtype == torch.bfloat16


def winograd(x: Tensor, weight: Tensor) -> Tensor:
    """Convolve a picture, reflect-padded by one pixel, with 3x3 kernels.

    Args:
        x: (N, I, H, W), H and W even; channels-last is fastest.
        weight: (O, I, 3, 3), of any type; its gradient has that type.

    Returns:
        (N, O, H, W), channels-last, of the type of `x`.
    """
    return _Products.apply(x, _kernels(weight, x.dtype))  # type: ignore[no-any-return, no-untyped-call]


@contextmanager
def kernels_kept() -> Iterator[None]:
    """Within the block, transform each weight once, however often it is used; none may change."""
    before = _kept.get()
    token = _kept.set({} if before is None else before)
    try:
        yield
    finally:
        _kept.reset(token)


_Kept = dict[tuple[int, torch.dtype], tuple[Tensor, Tensor]]
_kept: ContextVar[_Kept | None] = ContextVar("kept", default=None)


def _kernels(weight: Tensor, dtype: torch.dtype) -> Tensor:
    kept = _kept.get()
    if kept is None:
        return _Kernels.apply(weight, dtype)  # type: ignore[no-any-return, no-untyped-call]
    key = id(weight), dtype
    if key not in kept:  # the weight is kept too: no other one can then have its identity
        kept[key] = weight, _Kernels.apply(weight, dtype)  # type: ignore[no-untyped-call]
    return kept[key][1]


class _Products(torch.autograd.Function):
    @staticmethod
    def forward(ctx: FunctionCtx, x: Tensor, kernels: Tensor) -> Tensor:
        ctx.save_for_backward(x, kernels)
        tiles = cut(_last(x))
        products = torch.bmm(_flat(tiles), kernels.transpose(1, 2))
        return _first(join(products.view(*tiles.shape[:-1], -1)))

    @staticmethod
    @once_differentiable
    def backward(ctx: FunctionCtx, *gradients: Tensor) -> tuple[Tensor, Tensor]:
        x, kernels = ctx.saved_tensors  # type: ignore[attr-defined]
        outputs = join_transposed(_last(gradients[0]))
        by_tiles = torch.bmm(_flat(outputs), kernels).view(*outputs.shape[:-1], -1)
        by_x = _first(cut_transposed(by_tiles))
        del by_tiles
        # The tiles are made anew: kept, they would take four times the memory of x.
        tiles = cut(_last(x))
        return by_x, torch.bmm(_flat(outputs).transpose(1, 2), _flat(tiles))


class _Kernels(torch.autograd.Function):
    """G g G': (O, I, 3, 3) to (16, O, I)."""

    @staticmethod
    def forward(ctx: FunctionCtx, weight: Tensor, dtype: torch.dtype) -> Tensor:
        ctx.dtype = weight.dtype  # type: ignore[attr-defined]
        places = weight.permute(2, 3, 0, 1).reshape(9, -1).to(dtype)
        return kernel_transform(places).mm(places).view(16, *weight.shape[:2])

    @staticmethod
    @once_differentiable
    def backward(ctx: FunctionCtx, *gradients: Tensor) -> tuple[Tensor, None]:
        tiles = gradients[0].reshape(16, -1)
        places = kernel_transform(tiles).T.mm(tiles).view(3, 3, *gradients[0].shape[1:])
        weight = places.permute(2, 3, 0, 1)
        return weight.to(ctx.dtype, memory_format=torch.channels_last), None  # type: ignore[attr-defined]


def _flat(tiles: Tensor) -> Tensor:
    return tiles.view(16, -1, tiles.shape[-1])


def _last(x: Tensor) -> Tensor:
    return x.permute(0, 2, 3, 1)


def _first(x: Tensor) -> Tensor:
    return x.permute(0, 3, 1, 2)
