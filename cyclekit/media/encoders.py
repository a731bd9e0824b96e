"""Turns a picture into the bytes of a file, with all that it holds."""

from __future__ import annotations

import io
from typing import IO, TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cyclekit.media.metadata import COMMENT
from cyclekit.media.own_files import write_bmp, write_png, write_ppm, write_tiff
from cyclekit.media.palette import indices
from cyclekit.media.picture import Array, Metadata, Picture

if TYPE_CHECKING:
    from PIL import Image
    from PIL.PngImagePlugin import PngInfo

SEGMENT = 65_000
"""Bytes that fit one segment of a JPEG: EXIF, XMP and the comment have one each."""
JPEG_QUALITY = 95
_PNG_EFFORT = 3  # photographs: as small as with Pillow's 6 in 44 % of the time


def encoded(picture: Picture, kind: str) -> memoryview:
    """Return a file's bytes.

    Args:
        picture: holds nothing that the format does not.
        kind: Pillow's name of the format.

    Raises:
        Exception: one of `DECODER_ERRORS`, if the picture or its metadata are refused.
    """
    file = io.BytesIO()
    _save(file, picture, kind)
    return file.getbuffer()


def _save(file: IO[bytes], picture: Picture, kind: str) -> None:
    # No reader of ours or others' knows 16-bit gray with alpha in a TIFF; a BMP has no such thing.
    odd = picture.alpha is not None and (
        kind == "BMP" or (kind == "TIFF" and picture.pixels.dtype == np.uint16)
    )
    levels: Any = picture.pixels[..., :1] if picture.gray and not odd else picture.pixels
    if picture.alpha is not None:
        levels = np.concatenate([levels, picture.alpha[..., None]], axis=2)
    if kind == "TIFF":
        write_tiff(file, levels, picture.metadata)
    elif kind == "PPM" and levels.dtype == np.uint16:
        write_ppm(file, levels)
    elif kind == "BMP" and picture.alpha is not None:
        write_bmp(file, levels)
    elif levels.dtype == np.uint16:
        write_png(file, levels, picture.metadata, _text(picture.metadata))
    else:
        _save_by_pillow(file, levels, picture, kind)


def _save_by_pillow(file: IO[bytes], levels: Array, picture: Picture, kind: str) -> None:
    from PIL import Image

    metadata = picture.metadata
    image = Image.fromarray(levels.squeeze(2) if levels.shape[2] == 1 else levels)
    if kind == "PNG" and levels.shape[2] == 3 and picture.palette is not None:
        image = _indexed(picture.pixels, picture.palette) or image
    comment = metadata.text.get(COMMENT, "").encode()[:SEGMENT]
    webp = {"lossless": True} if picture.lossless else {"quality": JPEG_QUALITY}
    by_kind: dict[str, dict[str, Any]] = {
        "JPEG": {
            "quality": JPEG_QUALITY,
            "subsampling": 0,
            "xmp": metadata.xmp,
            "comment": comment,
        },
        "WEBP": {**webp, "exact": True, "xmp": metadata.xmp or b""},
        "PNG": {"pnginfo": _text(metadata), "compress_level": _PNG_EFFORT},
    }
    options = by_kind.get(kind, {})
    known = {"exif": metadata.exif, "icc_profile": metadata.icc, "dpi": metadata.dpi}
    options |= {key: value for key, value in known.items() if value is not None}
    image.save(file, kind, **options)


def _indexed(pixels: Array, colors: NDArray[np.uint8]) -> Image.Image | None:
    """Make a picture of indices into a palette; None if it has other colours."""
    from PIL import Image

    found = indices(pixels, colors)
    if found is None:
        return None
    image = Image.fromarray(found)
    image.putpalette(colors.tobytes())
    return image


def _text(metadata: Metadata) -> PngInfo:
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    for keyword, text in metadata.text.items():
        info.add_itxt(keyword, text)
    if metadata.xmp:
        info.add_itxt("XML:com.adobe.xmp", metadata.xmp.decode("utf-8", "replace"))
    return info
