"""A small residual generator for CPUs: separable convolutions, resize-convolutions."""

from __future__ import annotations

from torch import Tensor, nn

from cyclekit.models.base import GENERATORS, ImageGenerator
from cyclekit.models.layers import Head, Norm, make_norm, needs_bias
from cyclekit.models.sizes import Blocks, Size
from cyclekit.models.skip import require_as_many_channels

FIRST_CHANGE = 0.02
"""Scale of what the head sees where its output is a change: an untrained one makes a small one."""


class Separable(nn.Sequential):
    """A depthwise 3x3 convolution, then a pointwise one (https://arxiv.org/abs/1704.04861)."""

    def __init__(self, inside: int, outside: int, norm: Norm) -> None:
        super().__init__(
            nn.Conv2d(
                inside, inside, 3, padding=1, padding_mode="reflect", groups=inside, bias=False
            ),
            nn.Conv2d(inside, outside, 1, bias=needs_bias(norm)),
            make_norm(norm, outside),
        )


class SeparableBlock(nn.Module):
    """x + separable(relu(separable(x)))."""

    def __init__(self, channels: int, norm: Norm) -> None:
        super().__init__()
        self.body = nn.Sequential(
            Separable(channels, channels, norm), nn.ReLU(), Separable(channels, channels, norm)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to the same shape."""
        return x + self.body(x)  # type: ignore[no-any-return]


class Mobile(ImageGenerator):
    """The residual generator's plan with separable blocks.

    Args:
        width: channels of the blocks, a multiple of 4; the first layer has a quarter of them.
        blocks: separable residual blocks at a quarter of the size.
        norm: instance | instance_affine | batch | batch_per_picture | none.
        skip: add what the first layers saw to what the last ones make, and the picture to the
            output, so that detail need not squeeze through the blocks. It begins by changing little.
        in_channels: channels of the input picture.
        out_channels: channels of the output picture.
    """

    stride = 4

    def __init__(
        self,
        width: Size = 96,
        blocks: Blocks = 8,
        norm: Norm = "instance",
        skip: bool = False,
        in_channels: Size = 3,
        out_channels: Size = 3,
    ) -> None:
        super().__init__()
        if width % 4:
            raise ValueError(f"width must be a multiple of 4, got {width}")
        if skip:
            require_as_many_channels(in_channels, out_channels)
        self.in_channels, self.out_channels = in_channels, out_channels
        self.skip, self.ends_with_head = skip, not skip
        bias = needs_bias(norm)
        self.stem = nn.Sequential(
            nn.Conv2d(in_channels, width // 4, 7, padding=3, padding_mode="reflect", bias=bias),
            make_norm(norm, width // 4),
            nn.ReLU(),
        )
        self.down = nn.Sequential(
            _down(width // 4, width // 2, norm), _down(width // 2, width, norm)
        )
        self.blocks = nn.Sequential(*(SeparableBlock(width, norm) for _ in range(blocks)))
        self.up = nn.Sequential(_up(width, width // 2, norm), _up(width // 2, width // 4, norm))
        self.head = Head(width // 4, out_channels)
        self.clip = nn.Hardtanh()

    def forward(self, x: Tensor) -> Tensor:
        """Translate float (N, C, H, W) in [-1, 1]; H and W multiples of 4."""
        if not self.skip:
            return self.head(self.up(self.blocks(self.down(self.stem(x)))))  # type: ignore[no-any-return]
        whole = self.stem(x)
        half = self.down[0](whole)
        low = self.blocks(self.down[1](half))
        made = self.head(FIRST_CHANGE * (self.up[1](self.up[0](low) + half) + whole))
        # Twice, for the largest change is from -1 to 1.
        return self.clip(x + 2 * made)  # type: ignore[no-any-return]


def _down(inside: int, outside: int, norm: Norm) -> nn.Module:
    conv = nn.Conv2d(inside, outside, 3, stride=2, padding=1, bias=needs_bias(norm))
    return nn.Sequential(conv, make_norm(norm, outside), nn.ReLU())


def _up(inside: int, outside: int, norm: Norm) -> nn.Module:
    grow = nn.Upsample(scale_factor=2, mode="bilinear")
    return nn.Sequential(grow, Separable(inside, outside, norm), nn.ReLU())


GENERATORS.register("mobile")(Mobile)


@GENERATORS.register("mobile_small")
def mobile_small(
    width: Size = 64, blocks: Blocks = 6, norm: Norm = "instance", skip: bool = False,
    in_channels: Size = 3, out_channels: Size = 3,
) -> Mobile:  # fmt: skip
    """Build the variant for live video on a CPU."""
    return Mobile(width, blocks, norm, skip, in_channels, out_channels)


@GENERATORS.register("mobile_large")
def mobile_large(
    width: Size = 160, blocks: Blocks = 9, norm: Norm = "instance", skip: bool = False,
    in_channels: Size = 3, out_channels: Size = 3,
) -> Mobile:  # fmt: skip
    """Build the variant nearest to the full residual generator."""
    return Mobile(width, blocks, norm, skip, in_channels, out_channels)
