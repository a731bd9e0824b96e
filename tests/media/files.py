"""Picture files made by hand or by Pillow, so that our writer does not judge our reader."""

import io
import struct
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import TiffImagePlugin

Levels = NDArray[np.uint8] | NDArray[np.uint16]
_PNG_COLOR = {1: 0, 2: 4, 3: 2, 4: 6}


def plain_png(
    levels: Levels,
    before: Sequence[tuple[bytes, bytes]] = (),
    after: Sequence[tuple[bytes, bytes]] = (),
) -> bytes:
    """Encode (H, W, 1|2|3|4) of either depth as a PNG, with chunks before and after its pixels."""
    height, width, channels = levels.shape
    rows = levels.astype(levels.dtype.newbyteorder(">")).tobytes()
    length = len(rows) // height
    body = b"".join(b"\0" + rows[start : start + length] for start in range(0, len(rows), length))
    color = _PNG_COLOR[channels]
    header = struct.pack(">IIBBBBB", width, height, 8 * levels.itemsize, color, 0, 0, 0)
    pixels = (b"IDAT", zlib.compress(body))
    parts = [(b"IHDR", header), *before, pixels, *after, (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*part) for part in parts)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def plain_tiff(levels: Levels, tags: dict[int, Any], order: str = "II") -> bytes:
    """Encode (H, W, 1|3|4) of either depth as an uncompressed TIFF of one strip."""
    height, width, channels = levels.shape
    start = b"II\x2a\0" if order == "II" else b"MM\0\x2a"
    directory = TiffImagePlugin.ImageFileDirectory_v2(start + bytes(4))
    bits = (8 * levels.itemsize,) * channels
    layout: dict[int, Any] = {
        256: width, 257: height, 258: bits, 259: 1, 262: 2 if channels > 2 else 1, 273: 0,
        277: channels, 278: height, 279: levels.nbytes,
    }  # fmt: skip
    if channels == 4:
        layout[338] = 2
    directory.update({**tags, **layout})
    file = io.BytesIO()
    directory.save(file)
    file.write(levels.astype(levels.dtype.newbyteorder("<" if order == "II" else ">")).tobytes())
    return file.getvalue()


def plain_ppm(levels: Levels) -> bytes:
    """Encode (H, W, 3) of either depth as a binary PPM."""
    height, width, _ = levels.shape
    header = f"P6\n{width} {height}\n{np.iinfo(levels.dtype).max}\n"
    return header.encode() + levels.astype(levels.dtype.newbyteorder(">")).tobytes()


def plain_bmp(pixels: Levels) -> bytes:
    """Encode (H, W, 4) of 8 bits as a BMP with the fifth version of its header."""
    height, width, _ = pixels.shape
    body = pixels[::-1, :, [2, 1, 0, 3]].tobytes()
    masks = struct.pack("<IIII", 0xFF0000, 0xFF00, 0xFF, 0xFF000000)
    info = struct.pack("<IiiHHIIiiII", 124, width, height, 1, 32, 3, len(body), 0, 0, 0, 0)
    info += masks + b"BGRs" + bytes(64)
    return struct.pack("<2sIII", b"BM", 14 + len(info) + len(body), 0, 14 + len(info)) + info + body
