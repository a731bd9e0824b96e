"""Sixteen bits a channel in colour, of which Pillow keeps only eight.

It is made to decode twice, the second time with the order of the two bytes swapped. (OpenCV keeps
all bits at once, but a damaged animated PNG ends its process: 5.0.)
"""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cyclekit.media.header import opened

if TYPE_CHECKING:
    from PIL import ImageFile

_SWAPPED = {"B": "L", "L": "B", "N": "B" if sys.byteorder == "little" else "L"}
"""Byte order by Pillow's letter: big, little, native."""
_PLANES, _BITS = 284, 258  # tags of TIFF


def is_deep(image: ImageFile.ImageFile) -> bool:
    """Whether the file holds 16 bits a channel although Pillow's mode says 8."""
    if image.mode not in ("RGB", "RGBA"):
        return False
    return ";16" in stored_mode(image) or _in_planes(image) or _white(image) > 255


def stored_mode(image: ImageFile.ImageFile) -> str:
    """Return Pillow's name of the pixels in the file: "RGB;16B"; empty once they are decoded."""
    if not image.tile:
        return ""
    arguments = image.tile[0][3]
    return str(arguments[0] if isinstance(arguments, tuple) else arguments)


def decode(path: Path, image: ImageFile.ImageFile) -> NDArray[np.uint16]:
    """Decode RGB or RGBA with all its bits, as it is stored: a PNG is not turned, a TIFF is.

    Args:
        path: the file.
        image: the same, opened by Pillow and not loaded yet.

    Returns:
        uint16 (H, W, 3|4).

    Raises:
        ValueError: if Pillow cannot decode this layout.
    """
    if _in_planes(image):
        raise ValueError("16 bits a channel in separate planes; save it with channels together")
    if _white(image) > 255:
        return _portable(path, image)
    mode = stored_mode(image)
    if mode == "LA;16B":
        return _gray_and_alpha(image)
    straight = mode.replace("RGBa", "RGBA")
    with opened(path, math.prod(image.size)) as again:
        levels = _bytes(image, straight) * np.uint16(256)
        levels |= _bytes(again, straight[:-1] + _SWAPPED[straight[-1]])
    if mode != straight:
        return _divided(levels)
    key = image.info.get("transparency")
    return levels if key is None else _keyed(levels, key)


def _in_planes(image: ImageFile.ImageFile) -> bool:
    tags: Any = getattr(image, "tag_v2", {})
    return bool(tags.get(_PLANES) == 2 and max(tags.get(_BITS, (1,))) > 8)


def _white(image: ImageFile.ImageFile) -> int:
    """Return the largest level of a PPM, 0 for other formats."""
    arguments: Any = image.tile[0][3] if image.format == "PPM" and image.tile else None
    return int(arguments[1]) if isinstance(arguments, tuple) else 0


def _portable(path: Path, image: ImageFile.ImageFile) -> NDArray[np.uint16]:
    """Read a PPM: bare numbers behind its header."""
    codec, _, offset, _ = image.tile[0]
    if codec != "ppm":
        raise ValueError("16 bits a channel in digits; save it as a binary PPM or as PNG")
    width, height = image.size
    white = _white(image)
    levels = np.fromfile(path, ">u2", width * height * 3, offset=offset)
    if len(levels) < width * height * 3:
        raise ValueError("image file is truncated")
    scaled = np.rint(levels.reshape(height, width, 3) * (65535 / white))
    return np.minimum(scaled, 65535).astype(np.uint16)


def _bytes(image: ImageFile.ImageFile, mode: str) -> NDArray[np.uint8]:
    """Decode with another name for the pixels in the file."""
    for number, tile in enumerate(image.tile):
        told = (mode, *tile[3][1:]) if isinstance(tile[3], tuple) else mode
        image.tile[number] = tile._replace(args=told)
    return np.asarray(image)


def _gray_and_alpha(image: ImageFile.ImageFile) -> NDArray[np.uint16]:
    """Read the four bytes of a pixel as if they were four channels."""
    pairs = _bytes(image, "RGBA").astype(np.uint16)
    gray, alpha = (pairs[..., i] << 8 | pairs[..., i + 1] for i in (0, 2))
    return np.stack([gray, gray, gray, alpha], axis=2)


def _divided(levels: NDArray[np.uint16]) -> NDArray[np.uint16]:
    """Take alpha out of colours that it is multiplied into."""
    alpha = np.maximum(levels[..., 3:], 1).astype(np.float64)
    levels[..., :3] = np.minimum(np.rint(levels[..., :3] * (65535 / alpha)), 65535)
    return levels


def _keyed(levels: NDArray[np.uint16], key: Any) -> NDArray[np.uint16]:
    """Make one colour transparent."""
    alpha = np.where((levels == np.array(key)).all(axis=2), 0, 65535).astype(np.uint16)
    return np.dstack([levels, alpha])
