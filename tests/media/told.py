"""What picture files say beside their pixels, drawn by hypothesis."""

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st
from PIL import Image, ImageCms, PngImagePlugin

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
GRAY_PROFILE = SRGB[:16] + b"GRAY" + SRGB[20:]
GRAY_MODES = ("1", "L", "LA", "L16", "LA16")
TOLD = ("png", "jpg", "webp", "tif")
"""Endings of the formats that hold EXIF, XMP and a colour profile."""


@dataclass(frozen=True)
class Told:
    """What a file says about its pixels."""

    orientation: int | None = None
    exif: bool = False
    icc: bool = False
    xmp: str | None = None
    dpi: tuple[int, int] | None = None
    text: dict[str, str] = field(default_factory=dict)
    order: str = "II"
    """Of the bytes in a TIFF of 16 bits."""
    compression: str = "raw"
    """Of other TIFFs."""


@st.composite
def told(draw: st.DrawFn, kind: str) -> Told:
    suffix = kind.split()[0]
    if suffix not in TOLD:
        return Told()
    words = st.text(st.characters(codec="utf-8", exclude_categories=["C"]), max_size=20)
    keys = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=79)
    texts = {
        "png": st.dictionaries(keys.filter(is_free), words, max_size=3),
        "jpg": words.filter(bool).map(lambda text: {"Comment": text}) | st.just({}),
    }
    dots = st.sampled_from([72, 96, 150, 300])
    packed = ["raw", "tiff_lzw", "tiff_adobe_deflate", "packbits"] if suffix == "tif" else ["raw"]
    compression = draw(st.sampled_from(packed))
    return Told(
        orientation=draw(st.none() | st.integers(1, 8)),
        exif=draw(st.booleans()) and compression == "raw",  # Pillow writes it into no other
        icc=draw(st.booleans()),
        xmp=draw(st.none() | words),
        dpi=draw(st.none() | st.tuples(dots, dots)) if suffix != "webp" else None,
        text=draw(texts.get(suffix, st.just({}))),
        order=draw(st.sampled_from(["II", "MM"])),
        compression=compression,
    )


def is_free(keyword: str) -> bool:
    """Whether a text of this name is not taken for something else, by Pillow among others."""
    taken = {"xmp", "dpi", "exif", "icc_profile", "transparency", "bbox", "interlace", "comment"}
    return keyword not in taken and not keyword.startswith(("XML:", "Raw profile"))


def exif_of(says: Told) -> Image.Exif:
    exif = Image.Exif()
    if says.orientation is not None:
        exif[274] = says.orientation
    if says.exif:
        exif[305], exif[315] = "cyclekit", "somebody"
        exif.get_ifd(34665).update({36867: "2024:01:02 03:04:05", 33434: 0.25})
        exif.get_ifd(34853).update({1: "N", 2: (47.0, 22.0, 1.5)})
    again = Image.Exif()  # Pillow leaves directories within out of a TIFF that it has not loaded
    again.load(exif.tobytes())
    return again


def icc_of(kind: str, says: Told) -> bytes | None:
    mode = kind.split()[1]
    if not says.icc:
        return None
    return GRAY_PROFILE if mode in GRAY_MODES else SRGB


def xmp_of(says: Told) -> bytes:
    turn = f' tiff:Orientation="{says.orientation}"' if says.orientation else ""
    return f"<x:xmpmeta><rdf:Description{turn}/>{says.xmp}</x:xmpmeta>".encode()


def png_text(says: Told) -> PngImagePlugin.PngInfo:
    info = PngImagePlugin.PngInfo()
    for keyword, text in says.text.items():
        info.add_itxt(keyword, text)
    if says.xmp is not None:
        info.add_itxt("XML:com.adobe.xmp", xmp_of(says).decode())
    return info


def png_chunks(says: Told, exif: Image.Exif, icc: bytes | None) -> Sequence[tuple[bytes, bytes]]:
    chunks = [(kind, data) for kind, data, *_ in png_text(says).chunks]
    if len(exif):
        chunks.append((b"eXIf", exif.tobytes().removeprefix(b"Exif\0\0")))
    if icc:
        chunks.append((b"iCCP", b"profile\0\0" + zlib.compress(icc)))
    if says.dpi:
        per_metre = (round(dots / 0.0254) for dots in says.dpi)
        chunks.append((b"pHYs", struct.pack(">IIB", *per_metre, 1)))
    return chunks


def tiff_tags(says: Told, exif: Image.Exif, icc: bytes | None) -> dict[int, Any]:
    tags: dict[int, Any] = {tag: value for tag, value in exif.items() if tag < 34665}
    if says.exif:
        tags |= {34665: exif.get_ifd(34665), 34853: exif.get_ifd(34853)}
    if icc:
        tags[34675] = icc
    if says.xmp is not None:
        tags[700] = xmp_of(says)
    if says.dpi:
        tags |= {282: says.dpi[0], 283: says.dpi[1], 296: 2}
    return tags
