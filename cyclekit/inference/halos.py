"""Exact tiles for a network that cannot be looked into, where a pixel looks only so far.

Each tile runs with as much of the picture around it as its pixels see; what lies in the halo is
thrown away. At the picture's own border the network pads as it does in the whole picture.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from cyclekit.inference.planes import Region
from cyclekit.inference.stream import Picture


def run_in_halos(
    run: Callable[[Tensor], Tensor], picture: Picture, tile: int, reach: int, stride: int
) -> None:
    """Translate one picture.

    Args:
        run: from a region of the picture, (1, C, h, w), to its translation.
        picture: what is read and written; its sides are multiples of the stride.
        tile: side of a tile in pixels, without its halo.
        reach: pixels on either side that an output pixel depends on.
        stride: what a region must start and end on multiples of.
    """
    side = max(stride, tile // stride * stride)
    halo = -(-reach // stride) * stride
    with torch.inference_mode():
        for region in _tiles(picture, side):
            seen = Region(
                max(0, region.top - halo), min(picture.height, region.bottom + halo),
                max(0, region.left - halo), min(picture.width, region.right + halo),
            )  # fmt: skip
            made = run(picture.read(seen))
            rows, columns = region.within(seen)
            picture.write(region, made[..., rows, columns])


def _tiles(picture: Picture, side: int) -> Iterator[Region]:
    for top in range(0, picture.height, side):
        for left in range(0, picture.width, side):
            yield Region(
                top, min(picture.height, top + side), left, min(picture.width, left + side)
            )
