"""3x3 convolutions with 2.25 times fewer multiplications, for training where products are dear.

Winograd's F(2x2, 3x3) (Lavin and Gray, https://arxiv.org/abs/1509.09308): every 2x2 outputs are
16 products instead of 36, Y = A' ((G g G') * (B' d B)) A, summed over the channels; so a
convolution is 16 products of matrices. What comes before and after is sums and differences of
every other row and column, which cost little beside the products of many channels.

The gradients are the transposed transforms around the same 16 products.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

import math
import threading

import torch
from torch import Tensor, nn
from torch.autograd.function import FunctionCtx, once_differentiable

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


_kept: ContextVar[dict[tuple[int, torch.dtype], Tensor] | None] = ContextVar("kept", default=None)


def _kernels(weight: Tensor, dtype: torch.dtype) -> Tensor:
    kept = _kept.get()
    if kept is None:
        return _Kernels.apply(weight, dtype)  # type: ignore[no-any-return, no-untyped-call]
    key = id(weight), dtype
    if key not in kept:
        kept[key] = _Kernels.apply(weight, dtype)  # type: ignore[no-untyped-call]
    return kept[key]


class _Products(torch.autograd.Function):
    @staticmethod
    def forward(ctx: FunctionCtx, x: Tensor, kernels: Tensor) -> Tensor:
        ctx.save_for_backward(x, kernels)
        tiles = _of_picture(_last(x))
        products = _scratch("products", x, *tiles.shape[:-1], kernels.shape[1])
        torch.bmm(_flat(tiles), kernels.transpose(1, 2), out=_flat(products))
        return _first(_to_picture(products))

    @staticmethod
    @once_differentiable
    def backward(ctx: FunctionCtx, *gradients: Tensor) -> tuple[Tensor, Tensor]:
        x, kernels = ctx.saved_tensors  # type: ignore[attr-defined]
        outputs = _to_picture_transposed(_last(gradients[0]))
        by_tiles = _scratch("tiles", x, *outputs.shape[:-1], x.shape[1])
        torch.bmm(_flat(outputs), kernels, out=_flat(by_tiles))
        by_x = _first(_of_picture_transposed(by_tiles))
        # The tiles are made anew: kept, they would take four times the memory of x.
        tiles = _of_picture(_last(x))
        return by_x, torch.bmm(_flat(outputs).transpose(1, 2), _flat(tiles))


class _Kernels(torch.autograd.Function):
    """G g G': (O, I, 3, 3) to (16, O, I)."""

    @staticmethod
    def forward(ctx: FunctionCtx, weight: Tensor, dtype: torch.dtype) -> Tensor:
        ctx.dtype = weight.dtype  # type: ignore[attr-defined]
        places = weight.permute(2, 3, 0, 1).reshape(9, -1).to(dtype)
        return _kernel_transform(places).mm(places).view(16, *weight.shape[:2])

    @staticmethod
    @once_differentiable
    def backward(ctx: FunctionCtx, *gradients: Tensor) -> tuple[Tensor, None]:
        tiles = gradients[0].reshape(16, -1)
        places = _kernel_transform(tiles).T.mm(tiles).view(3, 3, *gradients[0].shape[1:])
        weight = places.permute(2, 3, 0, 1)
        return weight.to(ctx.dtype, memory_format=torch.channels_last), None  # type: ignore[attr-defined]


_local = threading.local()


def _scratch(name: str, like: Tensor, *shape: int) -> Tensor:
    """Return memory that the next call of the same name takes again: still in a cache, and mapped."""
    held: dict[str, Tensor] = _local.__dict__
    size = math.prod(shape)
    key = f"{name} {like.dtype}"
    if key not in held or held[key].numel() < size:
        held[key] = torch.empty(size, dtype=like.dtype)
    return held[key][:size].view(shape)


def _flat(tiles: Tensor) -> Tensor:
    return tiles.view(16, -1, tiles.shape[-1])


def _last(x: Tensor) -> Tensor:
    return x.permute(0, 2, 3, 1)


def _first(x: Tensor) -> Tensor:
    return x.permute(0, 3, 1, 2)


def _of_picture(x: Tensor) -> Tensor:
    """B' d B: (N, H, W, C) to (4, 4, N, H/2, W/2, C)."""
    count, height, width, channels = x.shape
    half = _scratch("half", x, 4, count, height, width // 2, channels)
    _analyse(*_columns(x), half.movedim(-2, 1).unbind())
    tiles = _scratch("tiles", x, 4, 4, count, height // 2, width // 2, channels)
    _analyse(*_rows(half), tiles.movedim(-3, 1).unbind())
    return tiles


def _of_picture_transposed(tiles: Tensor) -> Tensor:
    """Map a gradient (4, 4, N, H/2, W/2, C) to (N, H, W, C)."""
    _, _, count, height, width, channels = tiles.shape
    half = _scratch("half", tiles, 4, count, 2 * height, width, channels)
    _analyse_transposed(tiles.movedim(-3, 1).unbind(), *_rows(half))
    x = tiles.new_empty(count, 2 * height, 2 * width, channels)
    _analyse_transposed(half.movedim(-2, 1).unbind(), *_columns(x))
    return x


def _to_picture(products: Tensor) -> Tensor:
    """A' m A: (4, 4, N, H/2, W/2, C) to (N, H, W, C)."""
    _, _, count, height, width, channels = products.shape
    half = _scratch("half", products, 4, count, 2 * height, width, channels)
    _synthesise(products.movedim(-3, 1).unbind(), *_rows(half))
    y = products.new_empty(count, 2 * height, 2 * width, channels)
    _synthesise(half.movedim(-2, 1).unbind(), *_columns(y))
    return y


def _to_picture_transposed(y: Tensor) -> Tensor:
    """Map a gradient (N, H, W, C) to (4, 4, N, H/2, W/2, C)."""
    count, height, width, channels = y.shape
    half = _scratch("half", y, 4, count, height, width // 2, channels)
    _synthesise_transposed(*_columns(y), half.movedim(-2, 1).unbind())
    products = _scratch("products", y, 4, 4, count, height // 2, width // 2, channels)
    _synthesise_transposed(*_rows(half), products.movedim(-3, 1).unbind())
    return products


def _rows(x: Tensor) -> tuple[Tensor, Tensor]:
    """Return the even and the odd rows of (..., H, W, C), their number first."""
    rows = x.movedim(-3, 0)
    return rows[0::2], rows[1::2]


def _columns(x: Tensor) -> tuple[Tensor, Tensor]:
    columns = x.movedim(-2, 0)
    return columns[0::2], columns[1::2]


# A tile of the padded picture is d0 .. d3: the odd line before it, an even, an odd, the even line
# after it. B' d = (d0 - d2, d1 + d2, d2 - d1, d3 - d1): with the last row's sign turned, sums alone
# make the outputs. The reflected line before the first tile is d2 of that tile, the one after
# the last is d1: their differences are 0, and no picture is ever padded.


def _analyse(even: Tensor, odd: Tensor, tiles: Sequence[Tensor]) -> None:
    tiles[0][:1].zero_()
    torch.sub(odd[:-1], odd[1:], out=tiles[0][1:])
    torch.add(odd, even, out=tiles[1])
    torch.sub(odd, even, out=tiles[2])
    torch.sub(even[1:], even[:-1], out=tiles[3][:-1])
    tiles[3][-1:].zero_()


def _analyse_transposed(tiles: Sequence[Tensor], even: Tensor, odd: Tensor) -> None:
    torch.add(tiles[1], tiles[2], out=odd)
    odd[1:].sub_(tiles[0][1:])
    odd[:-1].add_(tiles[0][1:])
    torch.sub(tiles[1], tiles[2], out=even)
    even[1:].add_(tiles[3][:-1])
    even[:-1].sub_(tiles[3][:-1])


def _synthesise(products: Sequence[Tensor], even: Tensor, odd: Tensor) -> None:
    torch.add(products[1], products[2], out=even)
    even.add_(products[0])
    torch.sub(products[1], products[2], out=odd)
    odd.add_(products[3])


def _synthesise_transposed(even: Tensor, odd: Tensor, products: Sequence[Tensor]) -> None:
    products[0].copy_(even)
    torch.add(even, odd, out=products[1])
    torch.sub(even, odd, out=products[2])
    products[3].copy_(odd)


def _kernel_transform(like: Tensor) -> Tensor:
    """The Kronecker product of G with itself, (16, 9): from kernels, row by row, to tiles."""
    line = like.new_tensor([[1, 0, 0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0, 0, 1]])
    return torch.kron(line, line)
