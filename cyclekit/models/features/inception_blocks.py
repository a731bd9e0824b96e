"""The blocks of Inception v3 (https://arxiv.org/abs/1512.00567, figures 5 to 7 and 10)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from cyclekit.models.features.base import FrozenNorm

Pair = tuple[int, int]


class Conv(nn.Module):
    """A convolution without bias, its norm, ReLU; keeps the size unless told otherwise."""

    def __init__(
        self, inside: int, outside: int, kernel: int | Pair = 1, *, stride: int = 1,
        padding: int | str | None = None,
    ) -> None:  # fmt: skip
        super().__init__()
        keep = "same" if stride == 1 else 0
        padding = keep if padding is None else padding
        self.conv = nn.Conv2d(inside, outside, kernel, stride, padding, bias=False)
        self.bn = FrozenNorm(outside, eps=1e-3)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to (N, outside, H', W')."""
        return F.relu(self.bn(self.conv(x)))


class PlainBlock(nn.Module):
    """1x1, 5x5, twice 3x3 and a pooled branch, side by side."""

    def __init__(self, inside: int, pooled: int) -> None:
        super().__init__()
        self.branch1x1 = Conv(inside, 64)
        self.branch5x5_1, self.branch5x5_2 = Conv(inside, 48), Conv(48, 64, 5)
        self.branch3x3dbl_1 = Conv(inside, 64)
        self.branch3x3dbl_2, self.branch3x3dbl_3 = Conv(64, 96, 3), Conv(96, 96, 3)
        self.branch_pool = Conv(inside, pooled)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to (N, 224 + pooled, H, W)."""
        five = self.branch5x5_2(self.branch5x5_1(x))
        double = self.branch3x3dbl_3(self.branch3x3dbl_2(self.branch3x3dbl_1(x)))
        return torch.cat([self.branch1x1(x), five, double, self.branch_pool(_average(x))], 1)


class SecondShrink(nn.Module):
    """Halve the size by 3x3, twice 3x3 and maximum."""

    def __init__(self, inside: int) -> None:
        super().__init__()
        self.branch3x3 = Conv(inside, 384, 3, stride=2)
        self.branch3x3dbl_1, self.branch3x3dbl_2 = Conv(inside, 64), Conv(64, 96, 3)
        self.branch3x3dbl_3 = Conv(96, 96, 3, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to (N, 480 + C, H', W')."""
        double = self.branch3x3dbl_3(self.branch3x3dbl_2(self.branch3x3dbl_1(x)))
        return torch.cat([self.branch3x3(x), double, F.max_pool2d(x, 3, 2)], 1)


class FactorizedBlock(nn.Module):
    """1x1, 7x7 and twice 7x7, each 7x7 as a row and a column, and a pooled branch."""

    def __init__(self, inside: int, narrow: int) -> None:
        super().__init__()
        row, column = (1, 7), (7, 1)
        self.branch1x1 = Conv(inside, 192)
        self.branch7x7_1, self.branch7x7_2 = Conv(inside, narrow), Conv(narrow, narrow, row)
        self.branch7x7_3 = Conv(narrow, 192, column)
        self.branch7x7dbl_1 = Conv(inside, narrow)
        self.branch7x7dbl_2 = Conv(narrow, narrow, column)
        self.branch7x7dbl_3 = Conv(narrow, narrow, row)
        self.branch7x7dbl_4 = Conv(narrow, narrow, column)
        self.branch7x7dbl_5 = Conv(narrow, 192, row)
        self.branch_pool = Conv(inside, 192)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to (N, 768, H, W)."""
        once = self.branch7x7_3(self.branch7x7_2(self.branch7x7_1(x)))
        twice = self.branch7x7dbl_3(self.branch7x7dbl_2(self.branch7x7dbl_1(x)))
        twice = self.branch7x7dbl_5(self.branch7x7dbl_4(twice))
        return torch.cat([self.branch1x1(x), once, twice, self.branch_pool(_average(x))], 1)


class ThirdShrink(nn.Module):
    """Halve the size by 3x3, 7x7 then 3x3, and maximum."""

    def __init__(self, inside: int) -> None:
        super().__init__()
        self.branch3x3_1, self.branch3x3_2 = Conv(inside, 192), Conv(192, 320, 3, stride=2)
        self.branch7x7x3_1, self.branch7x7x3_2 = Conv(inside, 192), Conv(192, 192, (1, 7))
        self.branch7x7x3_3 = Conv(192, 192, (7, 1))
        self.branch7x7x3_4 = Conv(192, 192, 3, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to (N, 512 + C, H', W')."""
        three = self.branch3x3_2(self.branch3x3_1(x))
        seven = self.branch7x7x3_3(self.branch7x7x3_2(self.branch7x7x3_1(x)))
        return torch.cat([three, self.branch7x7x3_4(seven), F.max_pool2d(x, 3, 2)], 1)


class EndBlock(nn.Module):
    """1x1, 3x3 and twice 3x3, the last split into a row and a column, and a pooled branch."""

    def __init__(self, inside: int, *, pool_by_maximum: bool) -> None:
        super().__init__()
        row, column = (1, 3), (3, 1)
        self.branch1x1 = Conv(inside, 320)
        self.branch3x3_1 = Conv(inside, 384)
        self.branch3x3_2a, self.branch3x3_2b = Conv(384, 384, row), Conv(384, 384, column)
        self.branch3x3dbl_1, self.branch3x3dbl_2 = Conv(inside, 448), Conv(448, 384, 3)
        self.branch3x3dbl_3a, self.branch3x3dbl_3b = Conv(384, 384, row), Conv(384, 384, column)
        self.branch_pool = Conv(inside, 192)
        self.pool_by_maximum = pool_by_maximum

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to (N, 2048, H, W)."""
        three, double = self.branch3x3_1(x), self.branch3x3dbl_2(self.branch3x3dbl_1(x))
        pooled = F.max_pool2d(x, 3, 1, 1) if self.pool_by_maximum else _average(x)
        branches = [
            self.branch1x1(x),
            self.branch3x3_2a(three),
            self.branch3x3_2b(three),
            self.branch3x3dbl_3a(double),
            self.branch3x3dbl_3b(double),
            self.branch_pool(pooled),
        ]
        return torch.cat(branches, 1)


def _average(x: Tensor) -> Tensor:
    """Average 3x3 neighbours, at the border only those that exist, as TensorFlow does."""
    return F.avg_pool2d(x, 3, 1, 1, count_include_pad=False)
