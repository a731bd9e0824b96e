"""Pictures whose pixels are all of a few known colours."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cyclekit.media.picture import Array, to_8_bits

MOST = 256
"""Colours that an indexed picture can name."""


def indices(pixels: Array, palette: NDArray[np.uint8]) -> NDArray[np.uint8] | None:
    """Find each pixel's colour in a palette.

    Args:
        pixels: uint8 or uint16 RGB, (H, W, 3).
        palette: uint8 RGB, (K, 3), K up to `MOST`; of equal colours the first is meant.

    Returns:
        Rows of the palette, (H, W); None if a pixel is of another colour.
    """
    if not is_of(pixels, palette).all():
        return None
    known, first = np.unique(_numbers(palette), return_index=True)
    return np.asarray(first[np.searchsorted(known, _numbers(to_8_bits(pixels)))], np.uint8)


def is_of(pixels: Array, palette: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Say of each pixel whether its colour is in a palette, (H, W); arguments as for `indices`."""
    inside = np.isin(_numbers(to_8_bits(pixels)), _numbers(palette))
    return inside if pixels.dtype == np.uint8 else inside & (pixels % 257 == 0).all(axis=2)


def _numbers(colors: Array) -> NDArray[np.uint32]:
    """Make one number of red, green and blue."""
    red, green, blue = np.moveaxis(colors.astype(np.uint32), -1, 0)
    return np.asarray(red << 16 | green << 8 | blue, np.uint32)
