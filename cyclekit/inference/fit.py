"""Makes pictures fit a generator, and results fit the pictures."""

from __future__ import annotations

from typing import Any

import numpy as np

from cyclekit.errors import MediaError
from cyclekit.pixels import Array

SMALLEST = 16
"""Pixels a side below which a generator's own reflections have nothing to reflect."""


def padded(image: Array, stride: int) -> Array:
    """Reflect a picture at its right and lower edge until a generator can take it.

    Args:
        image: (H, W, C), down to one pixel; a reflection longer than the picture goes on.
        stride: what height and width must be a multiple of.

    Returns:
        (H', W', C), each side the least multiple of `stride` that is at least `SMALLEST`; the
        picture itself if it fits already.
    """
    more = [_room(side, stride) - side for side in image.shape[:2]]
    if not any(more):
        return image
    result: Any = np.pad(image, ((0, more[0]), (0, more[1]), (0, 0)), mode="reflect")
    return np.asarray(result)


def _room(side: int, stride: int) -> int:
    return -(-max(side, SMALLEST) // stride) * stride


def resized(image: Array, width: int, height: int) -> Array:
    """Resample a picture: area when it shrinks, cubic when it grows.

    Args:
        image: uint8 or uint16, (H, W) or (H, W, C).
        width: columns wanted.
        height: rows wanted.

    Raises:
        MediaError: if it cannot be done, for want of memory as a rule.
    """
    import cv2

    if image.shape[:2] == (height, width):
        return image
    shrinks = width * height < image.shape[0] * image.shape[1]
    how = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    try:
        result: Any = cv2.resize(image, (width, height), interpolation=how)
    except (cv2.error, MemoryError) as error:
        reason = " ".join(str(error).split()) or "not enough memory"
        raise MediaError(f"cannot be resized to {width}x{height}: {reason}") from error
    return np.asarray(result)


def wanted_size(
    width: int, height: int, size: tuple[int, int] | None, max_size: int | None
) -> tuple[int, int]:
    """Return the width and height to translate at.

    Args:
        width: columns of the picture.
        height: rows of the picture.
        size: exact width and height asked for, or None.
        max_size: most pixels of the longer side, shape kept, or None.
    """
    if size is not None:
        return size
    if max_size is None or max(width, height) <= max_size:
        return width, height
    scale = max_size / max(width, height)
    return max(1, round(width * scale)), max(1, round(height * scale))
