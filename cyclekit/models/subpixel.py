"""A U-Net that never works at full size: pixels are folded into channels, and unfolded at the end."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from cyclekit.models.base import GENERATORS, ImageGenerator
from cyclekit.models.geometry import Geometry
from cyclekit.models.layers import Norm, make_norm, needs_bias
from cyclekit.models.sizes import Blocks, Size
from cyclekit.models.skip import require_as_many_channels

FOLD = 4
"""Side of the squares of pixels that become one pixel of FOLD² times as many channels."""
RESIDUAL = 0.2
"""Scale of what a block adds, as nothing normalises the sum (https://arxiv.org/abs/1707.02921,
section 3.3)."""
FIRST_CHANGE = 0.05
"""Scale of what the head sees where its output is a change: an untrained one makes a small one."""


class SubpixelHead(nn.Module):
    """Last layer: a convolution that makes FOLD² pixels at once, and tanh, in its weights' type.

    Sub-pixel convolution (https://arxiv.org/abs/1609.05158).

    Args:
        in_channels: channels of the features.
        out_channels: channels of the picture.
    """

    geometry = Geometry(up=FOLD, reach=1)

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, FOLD**2 * out_channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """Map features (N, C, h, w) to a picture (N, out_channels, 4 h, 4 w) in [-1, 1]."""
        return torch.tanh(self.project(x))

    def project(self, x: Tensor) -> Tensor:
        """Do all but the tanh."""
        if x.is_meta or not torch.is_autocast_enabled(x.device.type):  # which would turn it back
            x = x.to(self.conv.weight.dtype)
        return F.pixel_shuffle(self.conv(x), FOLD)


class ResidualBlock(nn.Module):
    """x + RESIDUAL · norm(conv(relu(norm(conv(x)))))."""

    def __init__(self, channels: int, norm: Norm) -> None:
        super().__init__()
        self.body = nn.Sequential(
            _conv(channels, norm), make_norm(norm, channels), nn.ReLU(),
            _conv(channels, norm), make_norm(norm, channels),
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to the same shape."""
        return x + RESIDUAL * self.body(x)  # type: ignore[no-any-return]


class SubpixelUNet(ImageGenerator):
    """Residual blocks at 1/4, 1/8 and 1/16 of the size; what is lost on the way down is handed across.

    Dense convolutions of small maps are what processors are best at: three times as many
    multiplications in the same time as by `mobile`, and a small map shows a block most of the
    picture.

    Args:
        width: channels at 1/4 of the size; twice and four times as many below.
        blocks: residual blocks at 1/16; above there is one on either side.
        norm: instance | instance_affine | batch | batch_per_picture | none.
        skip: add the picture to the output. It begins by changing little.
        in_channels: channels of the input picture.
        out_channels: channels of the output picture.
    """

    stride = 4 * FOLD

    def __init__(
        self,
        width: Size = 32,
        blocks: Blocks = 4,
        norm: Norm = "instance",
        skip: bool = False,
        in_channels: Size = 3,
        out_channels: Size = 3,
    ) -> None:
        super().__init__()
        if skip:
            require_as_many_channels(in_channels, out_channels)
        self.in_channels, self.out_channels = in_channels, out_channels
        self.skip, self.ends_with_head = skip, not skip
        self.stem = nn.Sequential(
            nn.PixelUnshuffle(FOLD),
            nn.Conv2d(FOLD**2 * in_channels, width, 3, padding=1, bias=needs_bias(norm)),
            make_norm(norm, width),
            ResidualBlock(width, norm),
        )
        self.down = nn.Sequential(
            nn.Sequential(_halve(width, norm), ResidualBlock(2 * width, norm)),
            _halve(2 * width, norm),
        )
        self.blocks = nn.Sequential(*(ResidualBlock(4 * width, norm) for _ in range(blocks)))
        self.grow = nn.ModuleList([_double(4 * width, norm), _double(2 * width, norm)])
        self.up = nn.ModuleList([ResidualBlock(2 * width, norm), ResidualBlock(width, norm)])
        self.head = SubpixelHead(width, out_channels)
        self.clip = nn.Hardtanh()

    def forward(self, x: Tensor) -> Tensor:
        """Translate float (N, C, H, W) in [-1, 1]; H and W multiples of 16."""
        fourth = self.stem(x)
        eighth = self.down[0](fourth)
        low = self.blocks(self.down[1](eighth))
        eighth = self.up[0](eighth + self.grow[0](low))
        fourth = self.up[1](fourth + self.grow[1](eighth))
        if not self.skip:
            return self.head(fourth)  # type: ignore[no-any-return]
        # Twice, for the largest change is from -1 to 1.
        return self.clip(x + 2 * self.head(FIRST_CHANGE * fourth))  # type: ignore[no-any-return]


def _conv(channels: int, norm: Norm) -> nn.Module:
    return nn.Conv2d(channels, channels, 3, padding=1, bias=needs_bias(norm))


def _halve(channels: int, norm: Norm) -> nn.Module:
    conv = nn.Conv2d(channels, 2 * channels, 3, stride=2, padding=1, bias=needs_bias(norm))
    return nn.Sequential(conv, make_norm(norm, 2 * channels))


def _double(channels: int, norm: Norm) -> nn.Module:
    """Half of the channels, then twice the size: in this order it costs a quarter."""
    return nn.Sequential(
        nn.Conv2d(channels, channels // 2, 1, bias=needs_bias(norm)),
        make_norm(norm, channels // 2),
        nn.Upsample(scale_factor=2, mode="nearest"),
    )


GENERATORS.register("subpixel_unet")(SubpixelUNet)
