"""Residual generator of CycleGAN (https://arxiv.org/abs/1703.10593, appendix 7.2)."""

from __future__ import annotations

from functools import partial
from typing import Literal

from torch import Tensor, nn

from cyclekit.models.base import GENERATORS, ImageGenerator
from cyclekit.models.drawing import Dropout
from cyclekit.models.layers import BlurPool, BlurUpsample, Head, Norm, make_norm, needs_bias
from cyclekit.models.sizes import Blocks, Share, Size
from cyclekit.models.winograd import ReflectedConv

Down = Literal["strided", "blur"]
Up = Literal["transposed", "blur", "resize"]


class ResnetBlock(nn.Module):
    """x + norm(conv(relu(norm(conv(x))))), reflect-padded; dropout after the ReLU if asked."""

    def __init__(self, channels: int, norm: Norm, dropout: float) -> None:
        super().__init__()
        conv = partial(ReflectedConv, channels, bias=needs_bias(norm))
        self.body = nn.Sequential(
            conv(),
            make_norm(norm, channels),
            nn.ReLU(),
            Dropout(dropout) if dropout else nn.Identity(),
            conv(),
            make_norm(norm, channels),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to the same shape."""
        return x + self.body(x)  # type: ignore[no-any-return]


class Resnet(ImageGenerator):
    """Two halvings, residual blocks, two doublings, tanh.

    Args:
        blocks: residual blocks: 6 for pictures of 128 px, 9 from 256 px on.
        width: channels of the first layer; the blocks have four times as many.
        norm: instance | instance_affine | batch | batch_per_picture | none.
        down: strided convolutions, or convolutions followed by a blur-pool.
        up: transposed convolutions, or a blurred or nearest doubling followed by a convolution.
        dropout: probability inside the blocks, 0 for none.
        in_channels: channels of the input picture.
        out_channels: channels of the output picture.
    """

    stride = 4

    def __init__(
        self,
        blocks: Blocks = 9,
        width: Size = 64,
        norm: Norm = "instance",
        down: Down = "strided",
        up: Up = "transposed",
        dropout: Share = 0.0,
        in_channels: Size = 3,
        out_channels: Size = 3,
    ) -> None:
        super().__init__()
        self.in_channels, self.out_channels = in_channels, out_channels
        bias = needs_bias(norm)
        self.stem = nn.Sequential(
            nn.Conv2d(in_channels, width, 7, padding=3, padding_mode="reflect", bias=bias),
            make_norm(norm, width),
            nn.ReLU(),
        )
        self.down = nn.Sequential(
            _down(down, width, 2 * width, norm), _down(down, 2 * width, 4 * width, norm)
        )
        self.blocks = nn.Sequential(*(ResnetBlock(4 * width, norm, dropout) for _ in range(blocks)))
        self.up = nn.Sequential(
            _up(up, 4 * width, 2 * width, norm), _up(up, 2 * width, width, norm)
        )
        self.head = Head(width, out_channels)

    def forward(self, x: Tensor) -> Tensor:
        """Translate float (N, C, H, W) in [-1, 1]; H and W multiples of 4."""
        return self.head(self.up(self.blocks(self.down(self.stem(x)))))  # type: ignore[no-any-return]


def _down(down: Down, inside: int, outside: int, norm: Norm) -> nn.Module:
    bias = needs_bias(norm)
    stride = {"strided": 2, "blur": 1}.get(down)
    if stride is None:
        raise ValueError(f"down must be strided or blur, got '{down}'")
    conv = nn.Conv2d(inside, outside, 3, stride=stride, padding=1, bias=bias)
    tail = [BlurPool(outside)] if down == "blur" else []
    return nn.Sequential(conv, make_norm(norm, outside), nn.ReLU(), *tail)


def _up(up: Up, inside: int, outside: int, norm: Norm) -> nn.Module:
    bias = needs_bias(norm)
    grow: list[nn.Module]
    match up:
        case "transposed":
            conv = nn.ConvTranspose2d(
                inside, outside, 3, stride=2, padding=1, output_padding=1, bias=bias
            )
            grow = [conv]
        case "blur":
            grow = [BlurUpsample(inside), nn.Conv2d(inside, outside, 3, padding=1, bias=bias)]
        case "resize":
            grow = [
                nn.Upsample(scale_factor=2, mode="nearest"),
                nn.Conv2d(inside, outside, 3, padding=1, padding_mode="reflect", bias=bias),
            ]
        case _:
            raise ValueError(f"up must be transposed, blur or resize, got '{up}'")
    return nn.Sequential(*grow, make_norm(norm, outside), nn.ReLU())


@GENERATORS.register("resnet9")
def resnet9(
    width: Size = 64, norm: Norm = "instance", down: Down = "strided", up: Up = "transposed",
    dropout: Share = 0.0, in_channels: Size = 3, out_channels: Size = 3,
) -> Resnet:  # fmt: skip
    """Build the generator that the paper uses from 256 px on."""
    return Resnet(9, width, norm, down, up, dropout, in_channels, out_channels)


@GENERATORS.register("resnet6")
def resnet6(
    width: Size = 64, norm: Norm = "instance", down: Down = "strided", up: Up = "transposed",
    dropout: Share = 0.0, in_channels: Size = 3, out_channels: Size = 3,
) -> Resnet:  # fmt: skip
    """Build the generator that the paper uses at 128 px."""
    return Resnet(6, width, norm, down, up, dropout, in_channels, out_channels)


@GENERATORS.register("resnet9_antialias")
def resnet9_antialias(
    width: Size = 64, norm: Norm = "instance", dropout: Share = 0.0,
    in_channels: Size = 3, out_channels: Size = 3,
) -> Resnet:  # fmt: skip
    """Build the anti-aliased generator of CUT (https://arxiv.org/abs/2007.15651)."""
    return Resnet(9, width, norm, "blur", "blur", dropout, in_channels, out_channels)


@GENERATORS.register("resnet6_antialias")
def resnet6_antialias(
    width: Size = 64, norm: Norm = "instance", dropout: Share = 0.0,
    in_channels: Size = 3, out_channels: Size = 3,
) -> Resnet:  # fmt: skip
    """Build the anti-aliased generator with six blocks."""
    return Resnet(6, width, norm, "blur", "blur", dropout, in_channels, out_channels)


GENERATORS.register("resnet")(Resnet)
