"""Writes a picture into a file, losing nothing that the format can hold."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from cyclekit.errors import MediaError
from cyclekit.media.atomic import replacing
from cyclekit.media.deep_files import write_png, write_tiff
from cyclekit.media.header import DECODER_ERRORS
from cyclekit.media.picture import Array, Metadata, Picture, to_8_bits

if TYPE_CHECKING:
    from PIL.PngImagePlugin import PngInfo

FORMATS = {
    ".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".jpe": "JPEG", ".jfif": "JPEG",
    ".webp": "WEBP", ".tif": "TIFF", ".tiff": "TIFF", ".bmp": "BMP", ".tga": "TGA", ".ppm": "PPM",
}  # fmt: skip
"""Pillow's name of the format that every writable ending means."""
JPEG_QUALITY = 95
_PNG_EFFORT = 3  # photographs: as small as with Pillow's 6 in 44 % of the time
_DEEP = ("PNG", "TIFF")
_OPAQUE = ("JPEG", "BMP", "PPM")
_SEGMENT = 65_000  # bytes; a JPEG's EXIF and XMP must fit one segment


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
    kind = FORMATS.get(path.suffix.lower())
    if kind is None:
        known = ", ".join(FORMATS)
        raise MediaError(f"{path}: cannot write '{path.suffix}'; expected one of: {known}")
    try:
        picture, notes = adapt(picture, kind)
        data, lost = _encoded_with_care(picture, kind)
    except DECODER_ERRORS as error:
        raise _refused(path, error) from error
    with replacing(path) as part:  # only now: what cannot be encoded touches no disk
        part.write_bytes(data)
    return (*notes, *lost)


def adapt(picture: Picture, kind: str) -> tuple[Picture, tuple[str, ...]]:
    """Reduce a picture to what a format can hold.

    Args:
        picture: any picture.
        kind: Pillow's name of the format.

    Returns:
        The picture and notes on what was lost.
    """
    notes: list[str] = []
    if picture.pixels.dtype == np.uint16 and kind not in _DEEP:
        alpha = None if picture.alpha is None else to_8_bits(picture.alpha)
        picture = replace(picture, pixels=to_8_bits(picture.pixels), alpha=alpha)
        notes.append(f"16 bits reduced to 8, all that {kind} holds")
    if picture.alpha is not None and kind in _OPAQUE:
        if picture.alpha.min() < np.iinfo(picture.alpha.dtype).max:
            notes.append(f"transparency laid on white, for {kind} holds none")
        picture = replace(picture, pixels=_on_white(picture), alpha=None)
    return replace(picture, metadata=_fitting(picture, kind)), tuple(notes)


def _on_white(picture: Picture) -> Array:
    full = np.iinfo(picture.pixels.dtype).max
    opacity = np.asarray(picture.alpha, np.float32)[..., None] / full
    mixed: Any = picture.pixels * opacity + full * (1 - opacity)
    result: Array = np.rint(mixed).astype(picture.pixels.dtype)
    return result


def _fitting(picture: Picture, kind: str) -> Metadata:
    """Drop a profile of the other kind of pixels, and what a JPEG has no room for."""
    metadata = picture.metadata
    space = b"GRAY" if picture.gray and kind != "WEBP" else b"RGB "
    if metadata.icc and metadata.icc[16:20] != space:
        metadata = replace(metadata, icc=None)
    if kind == "JPEG" and len(metadata.exif or b"") > _SEGMENT:
        metadata = replace(metadata, exif=None)
    if kind == "JPEG" and len(metadata.xmp or b"") > _SEGMENT:
        metadata = replace(metadata, xmp=None)
    return metadata


def _encoded_with_care(picture: Picture, kind: str) -> tuple[memoryview, tuple[str, ...]]:
    """Return the file's bytes; a damaged EXIF block or profile must not cost the picture."""
    try:
        return _encoded(picture, kind), ()
    except DECODER_ERRORS as error:
        if isinstance(error, MemoryError) or picture.metadata == Metadata():
            raise
    bare = replace(picture, metadata=Metadata())
    return _encoded(bare, kind), ("metadata could not be kept",)


def _encoded(picture: Picture, kind: str) -> memoryview:
    file = io.BytesIO()
    _save(file, picture, kind)
    return file.getbuffer()


def _save(file: IO[bytes], picture: Picture, kind: str) -> None:
    # No reader of ours or others' knows 16-bit gray with alpha in a TIFF.
    odd = kind == "TIFF" and picture.alpha is not None and picture.pixels.dtype == np.uint16
    levels: Any = picture.pixels[..., :1] if picture.gray and not odd else picture.pixels
    if picture.alpha is not None:
        levels = np.concatenate([levels, picture.alpha[..., None]], axis=2)
    if kind == "TIFF":
        write_tiff(file, levels, picture.metadata)
    elif levels.dtype == np.uint16:
        write_png(file, levels, picture.metadata, _text(picture.metadata))
    else:
        _save_by_pillow(file, levels, picture.metadata, kind)


def _save_by_pillow(file: IO[bytes], levels: Array, metadata: Metadata, kind: str) -> None:
    from PIL import Image

    by_kind: dict[str, dict[str, Any]] = {
        "JPEG": {"quality": JPEG_QUALITY, "subsampling": 0, "xmp": metadata.xmp},
        "WEBP": {"quality": JPEG_QUALITY, "exact": True, "xmp": metadata.xmp or b""},
        "PNG": {"pnginfo": _text(metadata), "compress_level": _PNG_EFFORT},
    }
    options = by_kind.get(kind, {})
    known = {"exif": metadata.exif, "icc_profile": metadata.icc, "dpi": metadata.dpi}
    options |= {key: value for key, value in known.items() if value is not None}
    Image.fromarray(levels.squeeze(2) if levels.shape[2] == 1 else levels).save(
        file, kind, **options
    )


def _text(metadata: Metadata) -> PngInfo:
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    for keyword, text in metadata.text.items():
        info.add_itxt(keyword, text)
    if metadata.xmp:
        info.add_itxt("XML:com.adobe.xmp", metadata.xmp.decode("utf-8", "replace"))
    return info


def _refused(path: Path, error: BaseException) -> MediaError:
    if isinstance(error, MemoryError):
        return MediaError(f"{path}: cannot be written: not enough memory to encode it")
    reason = " ".join(str(error).split())
    return MediaError(f"{path}: cannot be written: {reason or type(error).__name__}")
