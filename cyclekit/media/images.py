"""Reads and writes picture files: turned upright, nothing lost that the format can hold."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cyclekit.media import decode, metadata
from cyclekit.media.encode import write
from cyclekit.media.header import check_kind, opened
from cyclekit.media.picture import MAX_PIXELS, Array, Metadata, Picture, to_8_bits

__all__ = [
    "MAX_PIXELS",
    "Array",
    "Metadata",
    "Picture",
    "read",
    "read_rgb",
    "read_size",
    "to_8_bits",
    "write",
]


def read(path: Path, *, limit: int = MAX_PIXELS) -> Picture:
    """Read a picture file; of several frames or pages, the first.

    Args:
        path: a file of any format that Pillow knows, and HEIF with pillow-heif.
        limit: most pixels that are accepted; checked before decoding.

    Raises:
        MediaError: if it cannot be read, in one line that begins with the path.
    """
    with opened(path, limit) as image:
        frames = _count_frames(image)
        mode, lossless = image.mode, metadata.is_lossless(image)
        rgb, alpha, gray = decode.pixels(path, image)
        return Picture(
            pixels=rgb,
            alpha=alpha,
            gray=gray,
            metadata=metadata.collect(image),
            format=image.format or "",
            lossless=lossless,
            frames=frames,
            notes=_notes(mode, frames),
        )


def _notes(mode: str, frames: int) -> tuple[str, ...]:
    pages = (f"the first of {frames} frames or pages",) if frames > 1 else ()
    return (*pages, f"{mode} brought to sRGB") if mode in ("CMYK", "LAB") else pages


def read_size(path: Path, *, limit: int = MAX_PIXELS) -> tuple[int, int]:
    """Read width and height as they are stored, from the header alone.

    Raises:
        MediaError: if the header cannot be read.
    """
    with opened(path, limit) as image:
        return image.size


def read_rgb(path: Path) -> NDArray[np.uint8]:
    """Read a picture for training: upright, 8 bits, transparency dropped; as fast as possible.

    Args:
        path: the file.

    Returns:
        uint8 RGB (H, W, 3).

    Raises:
        MediaError: if it cannot be read.
    """
    import cv2

    if path.suffix.lower() in (".jpg", ".jpeg"):
        data = _plain_jpeg(path)
        if data is not None:
            with suppress(cv2.error):  # Pillow will say what is wrong with it
                image = cv2.imdecode(data, cv2.IMREAD_COLOR_RGB)
                if image is not None:
                    return np.asarray(image, np.uint8)
    return to_8_bits(read(path).pixels).astype(np.uint8, copy=False)


def _plain_jpeg(path: Path) -> NDArray[np.uint8] | None:
    """Bytes of a whole, ordinary JPEG, which OpenCV reads right; None for all else.

    Nothing else is given to OpenCV (5.0): a damaged animated PNG ends its process, and other PNGs
    it reads in 80 % of Pillow's time, JPEGs in 60 %.
    """
    try:
        check_kind(path)
        data = np.fromfile(path, np.uint8)
    except OSError:
        return None
    head, tail = data[:4096].tobytes(), data[-2:].tobytes()
    if not head.startswith(b"\xff\xd8") or tail != b"\xff\xd9" or b"Adobe" in head:
        return None  # with Adobe's mark it may be CMYK
    with opened(path, MAX_PIXELS):  # refuses, by its header, what would fill the memory
        return data


def _count_frames(image: object) -> int:
    try:
        return int(getattr(image, "n_frames", 1))
    except (OSError, EOFError, ValueError, SyntaxError):
        return 1
