"""Writes a picture into a file, losing nothing that the format can hold."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from cyclekit.errors import MediaError
from cyclekit.media.atomic import replacing
from cyclekit.media.encoders import SEGMENT, encoded
from cyclekit.media.header import DECODER_ERRORS
from cyclekit.media.metadata import COMMENT
from cyclekit.media.picture import Array, Metadata, Picture, to_8_bits

FORMATS = {
    ".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".jpe": "JPEG", ".jfif": "JPEG",
    ".webp": "WEBP", ".tif": "TIFF", ".tiff": "TIFF", ".bmp": "BMP", ".tga": "TGA", ".ppm": "PPM",
}  # fmt: skip
"""Pillow's name of the format that every writable ending means."""
_DEEP = ("PNG", "TIFF", "PPM")
_OPAQUE = ("JPEG", "PPM")
_LONGEST_SIDE = {"JPEG": 65_500, "TGA": 65_535, "WEBP": 16_383}  # pixels
_BARE = ("BMP", "PPM", "TGA")  # hold no metadata


def write(path: Path, picture: Picture) -> tuple[str, ...]:
    """Write a picture; the format follows the path's ending.

    Depth, alpha, gray, EXIF, profile, resolution and text are kept where the format can.

    Args:
        path: the file; one that exists is replaced, once the new one is whole.
        picture: what to write.

    Returns:
        Notes on what the format could not hold.

    Raises:
        MediaError: if it cannot be written; nothing is then left behind.
    """
    kind = check_writable(path, picture.width, picture.height)
    try:
        picture, notes = adapt(picture, kind)
        data, lost = _encoded_with_care(picture, kind)
    except DECODER_ERRORS as error:
        raise _refused(path, error) from error
    with replacing(path) as part:  # only now: what cannot be encoded touches no disk
        part.write_bytes(data)
    return (*notes, *lost)


def check_writable(path: Path, width: int, height: int) -> str:
    """Refuse what no encoder could write, before work is done for it.

    Args:
        path: the file.
        width: columns.
        height: rows.

    Returns:
        Pillow's name of the format.

    Raises:
        MediaError: if the ending means no format, or the format holds no picture so large.
    """
    kind = FORMATS.get(path.suffix.lower())
    if kind is None:
        known = ", ".join(FORMATS)
        raise MediaError(f"{path}: cannot write '{path.suffix}'; expected one of: {known}")
    longest = _LONGEST_SIDE.get(kind)
    if longest is not None and max(width, height) > longest:
        limit = f"{kind} holds at most {longest} pixels a side, got {width}x{height}"
        raise MediaError(f"{path}: cannot be written: {limit}; PNG and TIFF hold more")
    return kind


def adapt(picture: Picture, kind: str) -> tuple[Picture, tuple[str, ...]]:
    """Reduce a picture to what a format can hold.

    Args:
        picture: any picture.
        kind: Pillow's name of the format.

    Returns:
        The picture and notes on what was lost.
    """
    picture, notes = _colors_kept(picture, kind)
    if picture.pixels.dtype == np.uint16 and kind not in _DEEP:
        alpha = None if picture.alpha is None else to_8_bits(picture.alpha)
        picture = replace(picture, pixels=to_8_bits(picture.pixels), alpha=alpha)
        notes.append(f"16 bits reduced to 8, all that {kind} holds")
    if picture.alpha is not None and kind in _OPAQUE:
        if picture.alpha.min() < np.iinfo(picture.alpha.dtype).max:
            notes.append(f"transparency laid on white, for {kind} holds none")
        picture = replace(picture, pixels=_on_white(picture), alpha=None)
    metadata, lost = _fitting(picture, kind)
    return replace(picture, metadata=metadata), (*notes, *lost)


def _colors_kept(picture: Picture, kind: str) -> tuple[Picture, list[str]]:
    """Keep the colours of a palette exact: 8 bits hold them, but JPEG mixes them with others."""
    if picture.palette is None:
        return picture, []
    if kind == "JPEG":
        note = f"JPEG does not keep its {len(picture.palette)} colours exact; PNG does"
        return replace(picture, palette=None), [note]
    if picture.alpha is None:
        picture = replace(picture, pixels=to_8_bits(picture.pixels))
    return replace(picture, lossless=True), []


def _on_white(picture: Picture) -> Array:
    full = np.iinfo(picture.pixels.dtype).max
    opacity = np.asarray(picture.alpha, np.float32)[..., None] / full
    mixed: Any = picture.pixels * opacity + full * (1 - opacity)
    result: Array = np.rint(mixed).astype(picture.pixels.dtype)
    return result


def _fitting(picture: Picture, kind: str) -> tuple[Metadata, list[str]]:
    """Keep what a format can hold; say what else there was."""
    told = picture.metadata
    most = {"JPEG": SEGMENT}.get(kind, 0 if kind in _BARE else math.inf)
    words = set(told.text) if kind == "PNG" else {COMMENT} if kind == "JPEG" else set()
    kept = Metadata(
        exif=told.exif if len(told.exif or b"") <= most else None,
        icc=told.icc if kind not in _BARE else None,
        dpi=told.dpi,
        xmp=told.xmp if len(told.xmp or b"") <= most else None,
        text={word: text for word, text in told.text.items() if word in words},
    )
    names = {"exif": "EXIF", "icc": "colour profile", "xmp": "XMP", "text": "text"}
    lost = [name for part, name in names.items() if getattr(kept, part) != getattr(told, part)]
    notes = [f"{kind} has no room for its {', '.join(lost)}"] if lost else []
    space = b"GRAY" if picture.gray and kind != "WEBP" else b"RGB "
    if kept.icc and kept.icc[16:20] != space:
        what = "gray" if space == b"GRAY" else "colour"
        return replace(kept, icc=None), [*notes, f"its colour profile is not one of {what}"]
    return kept, notes


def _encoded_with_care(picture: Picture, kind: str) -> tuple[memoryview, tuple[str, ...]]:
    """Return the file's bytes; a damaged EXIF block or profile must not cost the picture."""
    try:
        return encoded(picture, kind), ()
    except DECODER_ERRORS as error:
        if isinstance(error, MemoryError) or picture.metadata == Metadata():
            raise
    bare = replace(picture, metadata=Metadata())
    return encoded(bare, kind), ("metadata could not be kept",)


def _refused(path: Path, error: BaseException) -> MediaError:
    if isinstance(error, MemoryError):
        return MediaError(f"{path}: cannot be written: not enough memory to encode it")
    reason = " ".join(str(error).split())
    return MediaError(f"{path}: cannot be written: {reason or type(error).__name__}")
