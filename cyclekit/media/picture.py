"""A picture in memory, with all that its file said about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.uint8] | NDArray[np.uint16]

MAX_PIXELS = 300_000_000
"""Larger pictures are refused by their header, before any memory is taken."""


_TURNS: Mapping[int, tuple[bool, int | None]] = {
    2: (False, 1), 3: (False, -1), 4: (False, 0),
    5: (True, None), 6: (True, 1), 7: (True, -1), 8: (True, 0),
}  # fmt: skip
"""For each orientation: whether rows become columns, then OpenCV's flip: 0 down, 1 across, -1."""


@dataclass(frozen=True)
class Metadata:
    """What accompanies the pixels and should survive a translation."""

    exif: bytes | None = None
    """EXIF block that starts with `Exif\\0\\0`; its orientation is reset, for the pixels are turned."""
    icc: bytes | None = None
    """Colour profile of the pixels as they are held here; None means sRGB."""
    dpi: tuple[float, float] | None = None
    """Dots per inch, horizontal and vertical."""
    xmp: bytes | None = None
    """XMP packet, without its orientation."""
    text: Mapping[str, str] = field(default_factory=dict)
    """Keyword and text of PNG text chunks; "Comment" is that of a JPEG or GIF, too."""


@dataclass(frozen=True)
class Picture:
    """A decoded picture, turned upright."""

    pixels: Array
    """uint8 or uint16 RGB, (H, W, 3)."""
    alpha: Array | None = None
    """Opacity of the same depth, (H, W); None where every pixel is opaque by format."""
    gray: bool = False
    """Whether the file held one channel; the three of `pixels` are then equal."""
    metadata: Metadata = field(default_factory=Metadata)
    """EXIF, colour profile, resolution, text."""
    format: str = ""
    """Pillow's name of the file's format: "JPEG", "PNG"; empty if not from a file."""
    lossless: bool = False
    """Whether the file is a WebP that holds its pixels exactly, and a WebP of it should, too."""
    palette: NDArray[np.uint8] | None = None
    """The colours that all pixels are of, RGB (K, 3), in the order of their index; None for any."""
    frames: int = 1
    """Frames or pages in the file, of which this is the first."""
    notes: tuple[str, ...] = ()
    """What the user should know about how the file was read."""

    @property
    def height(self) -> int:
        """Rows."""
        return int(self.pixels.shape[0])

    @property
    def width(self) -> int:
        """Columns."""
        return int(self.pixels.shape[1])


def turned(array: Array, orientation: int) -> Array:
    """Turn stored rows and columns upright.

    Args:
        array: (H, W) or (H, W, C).
        orientation: EXIF tag 274, 1 to 8; anything else leaves the array as it is.
    """
    if orientation not in _TURNS:
        return array
    import cv2  # four times as fast as numpy's views and the copy that they need

    swapped, flips = _TURNS[orientation]
    upright: Any = cv2.transpose(array) if swapped else array
    return np.asarray(upright if flips is None else cv2.flip(upright, flips))


def to_8_bits(levels: Array) -> Array:
    """Reduce uint16 to uint8, rounded to the nearest level; leave uint8 alone."""
    if levels.dtype == np.uint8:
        return levels
    return ((levels.astype(np.uint32) + 128) // 257).astype(np.uint8)
