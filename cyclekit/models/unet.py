"""U-Net generator of pix2pix (https://arxiv.org/abs/1611.07004, appendix 6.1.1)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from cyclekit.models.base import GENERATORS, ImageGenerator
from cyclekit.models.drawing import Dropout
from cyclekit.models.geometry import Geometry
from cyclekit.models.layers import Norm, make_norm, needs_bias
from cyclekit.models.sizes import Depth, Share, Size


class UpHead(nn.Module):
    """Last layer: ReLU, transposed convolution and tanh, in the type of its own weights."""

    geometry = Geometry(up=2, reach=2)

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.conv = nn.ConvTranspose2d(in_channels, out_channels, 4, stride=2, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """Map features (N, C, h, w) to a picture (N, out_channels, 2 h, 2 w) in [-1, 1]."""
        return torch.tanh(self.project(x))

    def project(self, x: Tensor) -> Tensor:
        """Do all but the tanh."""
        return self.conv(torch.relu(x.to(self.conv.weight.dtype)))  # type: ignore[no-any-return]


class UNet(ImageGenerator):
    """Halve `depth` times, double as often, and hand every size across.

    Args:
        depth: halvings; height and width must be multiples of 2 ** depth.
        width: channels of the first layer; capped at eight times as many.
        norm: instance | instance_affine | batch | batch_per_picture | none.
        dropout: probability in the up path where channels are capped, 0 for none.
        in_channels: channels of the input picture.
        out_channels: channels of the output picture.
    """

    def __init__(
        self,
        depth: Depth = 8,
        width: Size = 64,
        norm: Norm = "instance",
        dropout: Share = 0.0,
        in_channels: Size = 3,
        out_channels: Size = 3,
    ) -> None:
        super().__init__()
        self.stride = 2**depth
        self.in_channels, self.out_channels = in_channels, out_channels
        channels = [min(2**level, 8) * width for level in range(depth)]
        self.down = nn.ModuleList(
            [nn.Conv2d(in_channels, width, 4, stride=2, padding=1)]
            + [
                _down(channels[level - 1], channels[level], norm, innermost=level == depth - 1)
                for level in range(1, depth)
            ]
        )
        self.up = nn.ModuleList(
            _up(
                channels[level] * (1 if level == depth - 1 else 2),
                channels[level - 1],
                norm,
                dropout if 4 <= level < depth - 1 else 0.0,
            )
            for level in range(depth - 1, 0, -1)
        )
        self.head = UpHead(2 * width, out_channels)

    def forward(self, x: Tensor) -> Tensor:
        """Translate float (N, C, H, W) in [-1, 1]; H and W multiples of `stride`."""
        skips = []
        for down in self.down:
            x = down(x)
            skips.append(x)
        skips.pop()
        for up in self.up:
            x = torch.cat([skips.pop(), up(x)], dim=1)
        return self.head(x)  # type: ignore[no-any-return]


def _down(inside: int, outside: int, norm: Norm, *, innermost: bool) -> nn.Module:
    # At the innermost level there may be a single pixel, which a norm would turn into zero.
    norm = "none" if innermost else norm
    # The first level has no norm before it, yet the published network has a bias only here.
    bias = needs_bias(norm)
    conv = nn.Conv2d(inside, outside, 4, stride=2, padding=1, bias=bias)
    return nn.Sequential(nn.LeakyReLU(0.2), conv, make_norm(norm, outside))


def _up(inside: int, outside: int, norm: Norm, dropout: float) -> nn.Module:
    conv = nn.ConvTranspose2d(inside, outside, 4, stride=2, padding=1, bias=needs_bias(norm))
    tail = [Dropout(dropout)] if dropout else []
    return nn.Sequential(nn.ReLU(), conv, make_norm(norm, outside), *tail)


@GENERATORS.register("unet256")
def unet256(
    width: Size = 64, norm: Norm = "instance", dropout: Share = 0.0,
    in_channels: Size = 3, out_channels: Size = 3,
) -> UNet:  # fmt: skip
    """Build the eight-level network for 256 px."""
    return UNet(8, width, norm, dropout, in_channels, out_channels)


@GENERATORS.register("unet128")
def unet128(
    width: Size = 64, norm: Norm = "instance", dropout: Share = 0.0,
    in_channels: Size = 3, out_channels: Size = 3,
) -> UNet:  # fmt: skip
    """Build the seven-level network for 128 px."""
    return UNet(7, width, norm, dropout, in_channels, out_channels)


GENERATORS.register("unet")(UNet)
