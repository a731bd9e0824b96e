"""What a picture file's header says, without decoding anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cyclekit.media import deep
from cyclekit.media.header import DECODER_ERRORS, glimpsed
from cyclekit.media.metadata import orientation
from cyclekit.media.picture import MAX_PIXELS

if TYPE_CHECKING:
    from PIL import ImageFile

ENDINGS: Mapping[str, tuple[str, ...]] = {
    "AVIF": (".avif",),
    "BMP": (".bmp",),
    "DIB": (".bmp",),
    "GIF": (".gif",),
    "HEIF": (".heic", ".heif"),
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "JPEG2000": (".jp2",),
    "MPO": (".jpg", ".jpeg", ".mpo"),
    "PNG": (".png",),
    "PPM": (".ppm", ".pgm", ".pbm", ".pnm"),
    "TGA": (".tga",),
    "TIFF": (".tif", ".tiff"),
    "WEBP": (".webp",),
}
"""Endings of each format, by Pillow's name; the first is the usual one."""

_MODES = {
    "1": "gray", "L": "gray", "LA": "gray", "La": "gray", "I": "gray", "I;16": "gray", "F": "gray",
    "P": "palette", "PA": "palette", "CMYK": "CMYK", "LAB": "Lab",
}  # fmt: skip
_ALPHA = {"LA", "La", "PA", "RGBA", "RGBa"}
_MANY = {"GIF", "MPO", "PNG", "TIFF", "WEBP", "AVIF", "HEIF"}
"""Formats that may hold several pictures; of others, counting them would only cost time."""


@dataclass(frozen=True, slots=True)
class Glance:
    """A picture's header."""

    width: int
    """Columns, once it is turned upright."""
    height: int
    """Rows, likewise."""
    format: str
    """Pillow's name: "JPEG"."""
    colour: str
    """RGB, gray, palette, CMYK or Lab."""
    channels: int
    """1 to 4, opacity included; a palette counts as three."""
    bits: int
    """Of a channel: 1, 8, 16 or 32."""
    alpha: bool
    """Whether it says how opaque its pixels are."""
    turn: int
    """EXIF orientation, 1 to 8; 1 is upright as it is stored."""
    frames: int
    """Frames or pages."""

    def is_called(self, suffix: str) -> bool:
        """Whether a file of this format may have an ending, such as ".JPG"."""
        return suffix.lower() in ENDINGS.get(self.format, (suffix.lower(),))


def glance(path: Path, *, limit: int = MAX_PIXELS) -> Glance:
    """Read a picture's header.

    Args:
        path: the file.
        limit: most pixels that are accepted.

    Raises:
        MediaError: if it cannot be read, in one line that begins with the path.
    """
    with glimpsed(path, limit) as image:
        turn = _turn(image)
        width, height = image.size if turn < 5 else image.size[::-1]
        colour = _MODES.get(image.mode.split(";")[0], "RGB")
        alpha = image.mode in _ALPHA or "transparency" in image.info
        base = {"gray": 1, "CMYK": 4}.get(colour, 3)
        return Glance(
            width=width,
            height=height,
            format=image.format or "",
            colour=colour,
            channels=base + alpha,
            bits=_bits(image),
            alpha=alpha,
            turn=turn,
            frames=_frames(image),
        )


def _turn(image: ImageFile.ImageFile) -> int:
    """Return the EXIF orientation; that of a PNG only if it stands before the pixels.

    Pillow would decode the picture to look behind them.
    """
    if image.format == "PNG" and not {"exif", "Raw profile type exif"} & image.info.keys():
        return 1
    return orientation(image)


def _bits(image: ImageFile.ImageFile) -> int:
    if image.mode.startswith("I;16"):
        return 16
    if image.mode in ("I", "F"):
        return 16 if image.format in ("PNG", "PPM") else 32
    if image.mode == "1":
        return 1
    return 16 if deep.is_deep(image) else 8


def _frames(image: ImageFile.ImageFile) -> int:
    if image.format not in _MANY:
        return 1
    try:
        return int(getattr(image, "n_frames", 1))
    except DECODER_ERRORS:
        return 1
