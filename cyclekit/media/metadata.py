"""EXIF, colour profile, resolution and text of an opened picture."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from cyclekit.media.header import DECODER_ERRORS
from cyclekit.media.picture import Metadata

if TYPE_CHECKING:
    from PIL import Image

ORIENTATION = 274
"""EXIF and TIFF tag: which way up the picture is stored."""
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


def collect(image: Image.Image) -> Metadata:
    """Gather what should survive; whatever is damaged is left out.

    Args:
        image: an opened picture, loaded, so that trailing chunks have been seen.
    """
    info = image.info
    return Metadata(
        exif=_exif(image),
        icc=_icc(image),
        dpi=_dpi(info.get("dpi")),
        xmp=_xmp(info),
        text={k: str(v) for k, v in getattr(image, "text", {}).items() if not _is_binary(k)},
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
    if isinstance(packet, str):
        packet = packet.encode()
    return _XMP_ORIENTATION.sub(b"", packet) if isinstance(packet, bytes) else None


def _is_binary(keyword: str) -> bool:
    return keyword.startswith(("Raw profile type", "XML:"))
