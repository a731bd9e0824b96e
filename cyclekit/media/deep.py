"""Sixteen bits a channel in colour, which Pillow would cut down to eight."""

from __future__ import annotations

import struct
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cyclekit.media.metadata import ORIENTATION, orientation
from cyclekit.media.picture import Array, turned

if TYPE_CHECKING:
    from PIL import ImageFile


def is_deep(image: ImageFile.ImageFile) -> bool:
    """Whether the file holds 16 bits a channel although Pillow's mode says 8."""
    return image.mode in ("RGB", "RGBA", "LA") and ";16" in stored_mode(image)


def stored_mode(image: ImageFile.ImageFile) -> str:
    """Return Pillow's name of the pixels in the file: "RGB;16B"; empty once they are decoded."""
    if not image.tile:
        return ""
    arguments = image.tile[0][3]
    return str(arguments[0] if isinstance(arguments, tuple) else arguments)


def decode(path: Path, image: ImageFile.ImageFile) -> Array:
    """Decode upright RGB or RGBA with all its bits.

    Args:
        path: the file.
        image: the same, opened by Pillow and not loaded yet.

    Returns:
        uint16 (H, W, 3|4).

    Raises:
        ValueError: if OpenCV cannot read this layout.
    """
    import cv2

    turn = orientation(image)
    image.load()  # Pillow notices a file that ends too early; OpenCV fills it with gray
    data = bytearray(path.read_bytes())
    if image.format == "TIFF":
        _forget_turn(data)
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    stored: Any = None
    with suppress(cv2.error):
        stored = cv2.imdecode(
            np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED | cv2.IMREAD_IGNORE_ORIENTATION
        )
    if stored is None or stored.dtype != np.uint16:
        raise ValueError("16 bits a channel in a layout that OpenCV cannot read")
    if stored.ndim == 2:
        stored = np.repeat(stored[..., None], 3, axis=2)
    order = [2, 1, 0, 3][: stored.shape[2]]
    return turned(stored[..., order], turn)


def _forget_turn(data: bytearray) -> None:
    """Set the orientation in a TIFF's first directory to 1: OpenCV obeys it, or fails at 5 to 8."""
    order = "<" if data[0] == ord("I") else ">"
    if struct.unpack_from(f"{order}H", data, 2)[0] != 42:
        return  # BigTIFF: OpenCV reads it as it stands
    (directory,) = struct.unpack_from(f"{order}I", data, 4)
    (count,) = struct.unpack_from(f"{order}H", data, directory)
    for entry in range(directory + 2, directory + 2 + 12 * count, 12):
        if struct.unpack_from(f"{order}H", data, entry)[0] == ORIENTATION:
            struct.pack_into(f"{order}H", data, entry + 8, 1)
