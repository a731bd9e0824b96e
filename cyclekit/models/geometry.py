"""Which input pixels an output pixel of a layer depends on."""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn

POINTWISE = (nn.Identity, nn.ReLU, nn.LeakyReLU, nn.Tanh, nn.Hardtanh, nn.Sigmoid, nn.BatchNorm2d)
"""Layers that in evaluation look at one pixel at a time."""


@dataclass(frozen=True)
class Geometry:
    """How a layer maps a row or column of pixels: to `up / down` times as many."""

    down: int = 1
    """Input pixels that become `up` output pixels; regions of the input start on multiples."""
    up: int = 1
    """Output pixels that `down` input pixels become."""
    reach: int = 0
    """Input pixels beyond its own, on either side, that an output pixel may depend on."""

    def needed(self, start: int, stop: int, size: int) -> tuple[int, int]:
        """Return the range of input that the outputs [start, stop) depend on.

        Args:
            start: first output pixel.
            stop: one past the last.
            size: input pixels there are; the range is clipped to them.
        """
        first = (start // self.up) * self.down - self.reach
        last = -(-stop // self.up) * self.down + self.reach
        return max(0, first // self.down * self.down), min(size, -(-last // self.down) * self.down)


def geometry_of(layer: nn.Module) -> Geometry:
    """Return the geometry of a layer that keeps borders by padding.

    A layer of our own says it by its attribute `geometry`.

    Raises:
        ValueError: if the layer is of an unknown kind, or its output is not `up / down` times its
            input in size.
    """
    own = getattr(layer, "geometry", None)
    if isinstance(own, Geometry):
        return own
    match layer:
        case nn.Conv2d():
            return _convolution(layer)
        case nn.ConvTranspose2d():
            return _transposed(layer)
        case nn.Upsample() if layer.mode in ("nearest", "bilinear") and not layer.align_corners:
            return Geometry(
                up=_whole(layer, layer.scale_factor), reach=int(layer.mode != "nearest")
            )
        case nn.PixelUnshuffle():
            return Geometry(down=layer.downscale_factor)
        case nn.Dropout() if not layer.training:
            return Geometry()
        case nn.BatchNorm2d() if layer.training or not layer.track_running_stats:
            raise ValueError("batch norm with statistics of the batch sees the whole picture")
    if isinstance(layer, POINTWISE):
        return Geometry()
    raise ValueError(f"no geometry is known of {type(layer).__name__}")


def _convolution(layer: nn.Conv2d) -> Geometry:
    kernel, stride, padding = _square(layer, layer.kernel_size, layer.stride, layer.padding)
    extent = layer.dilation[0] * (kernel - 1)
    if (2 * padding - extent + stride - 1) // stride != 0:  # of any multiple of the stride
        raise ValueError(f"{layer} changes the size by more than its stride")
    return Geometry(down=stride, reach=max(padding, extent - padding))


def _transposed(layer: nn.ConvTranspose2d) -> Geometry:
    kernel, stride, padding = _square(layer, layer.kernel_size, layer.stride, layer.padding)
    if kernel - stride - 2 * padding + layer.output_padding[0] != 0:
        raise ValueError(f"{layer} changes the size by more than its stride")
    return Geometry(up=stride, reach=-(-kernel // stride))


def _square(layer: nn.Module, *sizes: object) -> list[int]:
    values = []
    for size in sizes:
        if not (isinstance(size, tuple) and len(set(size)) == 1):
            raise ValueError(f"{layer} is not square")
        values.append(int(size[0]))
    return values


def _whole(layer: nn.Module, factor: object) -> int:
    if not isinstance(factor, int | float) or factor != int(factor):
        raise ValueError(f"{layer} does not grow by a whole number")
    return int(factor)
