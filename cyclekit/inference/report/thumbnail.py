"""Small copies of pictures for a page."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from cyclekit.errors import MediaError
from cyclekit.inference.fit import resized, wanted_size
from cyclekit.media.atomic import replacing
from cyclekit.media.encode import adapt
from cyclekit.media.images import Array, Picture, read

SIDE = 640
"""Pixels of the longer side at most."""
_SMALLEST = 160  # pixels of the longer side at least: a page is no place for a magnifier
_QUALITY = 82


def write_thumbnail(source: Path, target: Path) -> tuple[int, int]:
    """Write a small JPEG of a picture file: upright, 8 bits, transparency on white.

    Args:
        source: the picture.
        target: the JPEG.

    Returns:
        Width and height of the picture.

    Raises:
        MediaError: if one cannot be read or the other not be written.
    """
    from PIL import Image

    picture = read(source)
    small, _ = adapt(_shrunk(picture), "JPEG")
    profile = small.metadata.icc or b""
    with replacing(target) as part:
        try:
            Image.fromarray(small.pixels).save(
                part, "JPEG", quality=_QUALITY, icc_profile=None if small.gray else profile
            )
        except ValueError as error:  # a profile that no JPEG can hold
            raise MediaError(f"{target}: cannot be written: {error}") from error
    return picture.width, picture.height


def _shrunk(picture: Picture) -> Picture:
    longer = max(picture.width, picture.height)
    width, height = wanted_size(picture.width, picture.height, None, SIDE)
    if longer < _SMALLEST:
        times = -(-_SMALLEST // longer)
        alpha = None if picture.alpha is None else _enlarged(picture.alpha, times)
        return replace(picture, pixels=_enlarged(picture.pixels, times), alpha=alpha)
    alpha = None if picture.alpha is None else resized(picture.alpha, width, height)
    return replace(picture, pixels=resized(picture.pixels, width, height), alpha=alpha)


def _enlarged(array: Array, times: int) -> Array:
    result: Any = array.repeat(times, 0).repeat(times, 1)
    return np.asarray(result)
