"""Turns any picture into one that differs from the others by nothing but what it shows."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cyclekit.media.atomic import replacing
from cyclekit.media.images import read_rgb
from cyclekit.media.resample import pil_bicubic, through_jpeg

Pixels = NDArray[np.uint8]
_FIELDS = 4  # a side, of an obvious fake


def prepare(path: Path, size: int, jpeg: int | None, *, obvious: bool = False) -> Pixels:
    """Read a picture, cut its middle square out, resize it, and let it go through the codec.

    Args:
        path: the file.
        size: side of the result, px.
        jpeg: quality of a JPEG that it goes through; None for none.
        obvious: make an obvious fake of it: a jumble of its parts.

    Returns:
        uint8 RGB (size, size, 3).

    Raises:
        MediaError: if it cannot be read.
    """
    image = pil_bicubic(_square(read_rgb(path)), size, size)
    pixels = image.round().astype(np.uint8)
    if obvious:
        pixels = _jumbled(pixels)
    return pixels if jpeg is None else through_jpeg(pixels, jpeg)


def encode(pixels: Pixels) -> bytes:
    """Encode uint8 RGB (N, N, 3) as a PNG without compression.

    So its length depends on its size alone: compressed, smooth fakes would be shorter files than
    real pictures, and whoever watches the network would know.
    """
    from PIL import Image

    memory = io.BytesIO()
    Image.fromarray(pixels).save(memory, "PNG", compress_level=0)
    return memory.getvalue()


def write_prepared(
    path: Path, folder: Path, secret: str, size: int, jpeg: int | None, *, obvious: bool = False
) -> str:
    """Prepare a picture and write it, unless that has been done already.

    Args:
        path: the original.
        folder: for the PNG.
        secret: decides its name, with the original's bytes, so that it says nothing.
        size: side, px.
        jpeg: as for `prepare`.
        obvious: as for `prepare`.

    Returns:
        The PNG's name.

    Raises:
        MediaError: if one cannot be read or the other not be written.
    """
    pixels = prepare(path, size, jpeg, obvious=obvious)
    digest = hashlib.sha256(f"{secret} {path}".encode(errors="surrogateescape"))
    digest.update(pixels.tobytes())
    name = f"{digest.hexdigest()[:32]}.png"
    if not (folder / name).exists():
        with replacing(folder / name) as part:
            part.write_bytes(encode(pixels))
    return name


def _square(image: Pixels) -> Pixels:
    height, width = image.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return np.ascontiguousarray(image[top : top + side, left : left + side])


def _jumbled(image: Pixels) -> Pixels:
    """Deal the fields of a picture out anew and turn each upside down."""
    field = len(image) // _FIELDS
    result = image.copy()
    places = [(row * field, column * field) for row in range(_FIELDS) for column in range(_FIELDS)]
    for number, (top, left) in enumerate(places):
        from_top, from_left = places[(7 * number + 5) % len(places)]
        part = image[from_top : from_top + field, from_left : from_left + field]
        result[top : top + field, left : left + field] = 255 - part[::-1]
    return result
