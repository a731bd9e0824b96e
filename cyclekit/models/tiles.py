"""The sums and differences around the products of Winograd's F(2x2, 3x3).

The letters are those of Lavin and Gray (https://arxiv.org/abs/1509.09308): d a tile of the picture,
m a tile of products, G, B and A the transforms of kernels, picture and products. Every transform is
done along one axis and then along the other, on all tiles at once.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def cut(x: Tensor) -> Tensor:
    """Cut a picture into overlapping 4x4 tiles, B' d B, two pixels apart, reflected at its edges.

    Args:
        x: (N, H, W, C), H and W even.

    Returns:
        (4, 4, N, H/2, W/2, C).
    """
    count, height, width, channels = x.shape
    half = x.new_empty(4, count, height, width // 2, channels)
    _analyse(*_columns(x), half.movedim(-2, 1).unbind())
    tiles = x.new_empty(4, 4, count, height // 2, width // 2, channels)
    _analyse(*_rows(half), tiles.movedim(-3, 1).unbind())
    return tiles


def cut_transposed(tiles: Tensor) -> Tensor:
    """Map a gradient of `cut`'s result to one of the picture, (N, H, W, C)."""
    _, _, count, height, width, channels = tiles.shape
    half = tiles.new_empty(4, count, 2 * height, width, channels)
    _analyse_transposed(tiles.movedim(-3, 1).unbind(), *_rows(half))
    x = tiles.new_empty(count, 2 * height, 2 * width, channels)
    _analyse_transposed(half.movedim(-2, 1).unbind(), *_columns(x))
    return x


def join(products: Tensor) -> Tensor:
    """Make 2x2 pixels of each product of a tile, A' m A.

    Args:
        products: (4, 4, N, H/2, W/2, C).

    Returns:
        (N, H, W, C).
    """
    _, _, count, height, width, channels = products.shape
    half = products.new_empty(4, count, 2 * height, width, channels)
    _synthesise(products.movedim(-3, 1).unbind(), *_rows(half))
    y = products.new_empty(count, 2 * height, 2 * width, channels)
    _synthesise(half.movedim(-2, 1).unbind(), *_columns(y))
    return y


def join_transposed(y: Tensor) -> Tensor:
    """Map a gradient of `join`'s result to one of the products, (4, 4, N, H/2, W/2, C)."""
    count, height, width, channels = y.shape
    half = y.new_empty(4, count, height, width // 2, channels)
    _synthesise_transposed(*_columns(y), half.movedim(-2, 1).unbind())
    products = y.new_empty(4, 4, count, height // 2, width // 2, channels)
    _synthesise_transposed(*_rows(half), products.movedim(-3, 1).unbind())
    return products


def kernel_transform(like: Tensor) -> Tensor:
    """Return what turns 3x3 kernels, row by row, into 4x4: the Kronecker square of G, (16, 9)."""
    line = like.new_tensor([[1, 0, 0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0, 0, 1]])
    return torch.kron(line, line)


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
