"""Writes what Pillow cannot.

PNG and PPM of 16 bits in colour, TIFF of 16 bits or with all its tags, BMP with alpha.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping
from typing import IO, TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cyclekit.media.metadata import DESCRIPTIVE_TAGS
from cyclekit.media.picture import Array, Metadata

if TYPE_CHECKING:
    from PIL.PngImagePlugin import PngInfo

_PNG_KIND = {1: 0, 2: 4, 3: 2, 4: 6}  # channels: PNG's colour type
_FILTER_UP = 2
_LONGEST_CHUNK = 2**30  # bytes; PNG allows just under twice that
_METRE = 39.3701  # inches


def write_png(
    file: IO[bytes], levels: NDArray[np.uint16], metadata: Metadata, text: PngInfo
) -> None:
    """Write a PNG of 16 bits a channel.

    Args:
        file: where to.
        levels: uint16 (H, W, 1|2|3|4): gray, gray and alpha, RGB, RGB and alpha.
        metadata: EXIF, profile and resolution to embed.
        text: text chunks to embed.
    """
    height, width, channels = levels.shape
    file.write(b"\x89PNG\r\n\x1a\n")
    size = struct.pack(">IIBBBBB", width, height, 16, _PNG_KIND[channels], 0, 0, 0)
    _chunk(file, b"IHDR", size)
    if metadata.icc:
        _chunk(file, b"iCCP", b"ICC Profile\0\0" + zlib.compress(metadata.icc))
    if metadata.dpi:
        per_metre = (round(dots * _METRE) for dots in metadata.dpi)
        _chunk(file, b"pHYs", struct.pack(">IIB", *per_metre, 1))
    if metadata.exif:
        _chunk(file, b"eXIf", metadata.exif.removeprefix(b"Exif\0\0"))
    for kind, data, *_ in text.chunks:
        _chunk(file, kind, data)
    packed = memoryview(zlib.compress(_filtered(levels), 6))
    for start in range(0, len(packed), _LONGEST_CHUNK):
        _chunk(file, b"IDAT", packed[start : start + _LONGEST_CHUNK])
    _chunk(file, b"IEND", b"")


def _chunk(file: IO[bytes], kind: bytes, data: bytes | memoryview) -> None:
    file.write(struct.pack(">I", len(data)) + kind)
    file.write(data)
    file.write(struct.pack(">I", zlib.crc32(data, zlib.crc32(kind))))


def _filtered(levels: NDArray[np.uint16]) -> bytes:
    """Every row as its difference from the row above, which compresses well."""
    rows = levels.astype(">u2").reshape(len(levels), -1).view(np.uint8)
    filtered = np.empty((len(rows), 1 + rows.shape[1]), np.uint8)
    filtered[:, 0] = _FILTER_UP
    filtered[0, 1:] = rows[0]
    np.subtract(rows[1:], rows[:-1], out=filtered[1:, 1:])
    return filtered.tobytes()


def write_tiff(file: IO[bytes], levels: Array, metadata: Metadata) -> None:
    """Write a TIFF, deflated, in one strip.

    Args:
        file: where to, at its beginning.
        levels: uint8 or uint16 (H, W, 1|2|3|4): gray, gray and alpha, RGB, RGB and alpha.
        metadata: EXIF, profile, resolution and XMP to embed.
    """
    from PIL import TiffImagePlugin

    height, width, channels = levels.shape
    data = zlib.compress(_differences(levels).tobytes(), 6)
    directory = TiffImagePlugin.ImageFileDirectory_v2()
    directory.update(_described(metadata))
    tags: Mapping[int, Any] = {
        256: width, 257: height, 258: (8 * levels.itemsize,) * channels, 259: 8,
        262: 2 if channels > 2 else 1, 273: 0, 277: channels, 278: height, 279: len(data),
        284: 1, 317: 2,
    }  # fmt: skip
    directory.update(tags)
    if channels in (2, 4):
        directory[338] = 2  # the extra channel is alpha, not multiplied in
    directory.save(file)  # sets the strip's offset to where it ends
    file.write(data)


def write_ppm(file: IO[bytes], levels: NDArray[np.uint16]) -> None:
    """Write a PPM (of gray: a PGM) of 16 bits a channel.

    Args:
        file: where to.
        levels: uint16 (H, W, 1|3).
    """
    height, width, channels = levels.shape
    file.write(b"P%d\n%d %d\n65535\n" % (6 if channels == 3 else 5, width, height))
    file.write(levels.astype(">u2").tobytes())


def write_bmp(file: IO[bytes], levels: NDArray[np.uint8]) -> None:
    """Write a BMP with alpha, which needs the fourth version of its header.

    Args:
        file: where to.
        levels: uint8 RGB and alpha (H, W, 4).
    """
    height, width, _ = levels.shape
    start, size = 14 + 108, height * width * 4
    file.write(struct.pack("<2sIHHI", b"BM", start + size, 0, 0, start))
    file.write(struct.pack("<IiiHHIIiiII", 108, width, height, 1, 32, 3, size, 0, 0, 0, 0))
    file.write(struct.pack("<IIII4s48x", 0xFF0000, 0xFF00, 0xFF, 0xFF000000, b"BGRs"))
    file.write(levels[::-1, :, [2, 1, 0, 3]].tobytes())


def _described(metadata: Metadata) -> dict[int, Any]:
    """TIFF tags of the metadata, EXIF and GPS as directories within."""
    from PIL import Image

    exif = Image.Exif()
    exif.load(metadata.exif or b"")
    tags: dict[int, Any] = {tag: value for tag, value in exif.items() if tag in DESCRIPTIVE_TAGS}
    for tag in (34665, 34853):
        tags.pop(tag, None)
        if inner := exif.get_ifd(tag):
            tags[tag] = inner
    if metadata.dpi:
        tags |= {282: metadata.dpi[0], 283: metadata.dpi[1], 296: 2}
    if metadata.icc:
        tags[34675] = metadata.icc
    if metadata.xmp:
        tags[700] = metadata.xmp
    return tags


def _differences(levels: Array) -> Array:
    """Every pixel as its difference from its left neighbour: TIFF's predictor 2."""
    result: Any = levels.astype(levels.dtype.newbyteorder("<"))
    result[:, 1:] -= levels[:, :-1]
    return np.ascontiguousarray(result)
