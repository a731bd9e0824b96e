"""EXIF, colour profile, resolution and text of an opened picture."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Any

from cyclekit.media.header import DECODER_ERRORS
from cyclekit.media.picture import Metadata

if TYPE_CHECKING:
    from PIL import Image, ImageFile

ORIENTATION = 274
"""EXIF and TIFF tag: which way up the picture is stored."""
COMMENT = "Comment"
"""Keyword of the text that a JPEG can hold."""
DESCRIPTIVE_TAGS = {270, 271, 272, 305, 306, 315, 33432, 34665, 34853}
"""What may travel of a TIFF's directory; the rest tells how its pixels are stored."""
# Points into the file, which Pillow has closed by then; tells only which rules a camera follows.
_INTEROPERABILITY = 40965
_XMP_ORIENTATION = re.compile(rb"\s*tiff:Orientation=(\"\d\"|'\d')|<tiff:Orientation>\d</[^>]*>")


def orientation(image: Image.Image) -> int:
    """Return the EXIF orientation, 1 if there is none or it cannot be read."""
    try:
        value = image.getexif().get(ORIENTATION, 1)
    except DECODER_ERRORS:
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def forget_texts(image: Image.Image) -> None:
    """Drop texts from a PNG's fields: its author may call one "transparency", and Pillow mixes both.

    Args:
        image: an opened picture; again when it is loaded, for texts may stand behind the pixels.
    """
    for name in ("dpi", "exif", "icc_profile", "transparency", "xmp"):
        if isinstance(image.info.get(name), str):
            del image.info[name]


def is_lossless(image: ImageFile.ImageFile) -> bool:
    """Whether it is a WebP whose first frame is stored exactly.

    Args:
        image: an opened picture, not loaded yet.
    """
    if image.format != "WEBP" or image.fp is None:
        return False
    image.fp.seek(12)
    while len(head := image.fp.read(8)) == 8:
        if head[:3] == b"VP8" and head[:4] != b"VP8X":
            return head[:4] == b"VP8L"
        size = int.from_bytes(head[4:], "little")
        image.fp.seek(16 if head[:4] == b"ANMF" else size + size % 2, io.SEEK_CUR)
    return False


def collect(image: Image.Image) -> Metadata:
    """Gather what should survive; whatever is damaged is left out.

    Args:
        image: an opened picture, loaded, so that trailing chunks have been seen.
    """
    forget_texts(image)
    info = image.info
    return Metadata(
        exif=_exif(image),
        icc=_icc(image),
        dpi=_dpi(info.get("dpi")),
        xmp=_xmp(info),
        text=_text(image),
    )


def _exif(image: Image.Image) -> bytes | None:
    try:
        exif = image.getexif()
        kept = [tag for tag in exif if image.format != "TIFF" or tag in DESCRIPTIVE_TAGS]
        for tag in set(exif) - set(kept):
            del exif[tag]
        exif.pop(ORIENTATION, None)
        exif.get_ifd(34665).pop(_INTEROPERABILITY, None)
        return exif.tobytes() if len(exif) else None
    except DECODER_ERRORS:
        return None


def _icc(image: Image.Image) -> bytes | None:
    """The profile, unless the pixels were brought to sRGB."""
    profile = image.info.get("icc_profile")
    return profile if profile and image.mode not in ("CMYK", "LAB") else None


def _dpi(value: Any) -> tuple[float, float] | None:
    try:
        horizontal, vertical = (float(number) for number in value)
    except (TypeError, ValueError, ArithmeticError):
        return None
    return (horizontal, vertical) if horizontal > 0 and vertical > 0 else None


def _xmp(info: dict[str | tuple[int, int], Any]) -> bytes | None:
    packet = info.get("xmp")
    return _XMP_ORIENTATION.sub(b"", packet) if isinstance(packet, bytes) else None


def _text(image: Image.Image) -> dict[str, str]:
    """Text chunks of a PNG; the comment of others under the name that a PNG gives it."""
    text = {k: str(v) for k, v in getattr(image, "text", {}).items() if not _is_binary(k)}
    comment = image.info.get("comment")
    if isinstance(comment, bytes) and comment.strip(b"\0"):
        text.setdefault(COMMENT, comment.rstrip(b"\0").decode("utf-8", "replace"))
    return text


def _is_binary(keyword: str) -> bool:
    return keyword.startswith(("Raw profile type", "XML:"))
