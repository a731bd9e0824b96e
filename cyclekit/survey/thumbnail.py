"""Small pictures that stand in a page itself, so that the page is one file."""

from __future__ import annotations

import base64
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cyclekit.errors import MediaError
from cyclekit.media.images import read_rgb

SIDE = 144
"""Pixels of the longer side."""
_QUALITY = 80


def thumbnail(path: Path) -> str | None:
    """Return a picture as a data URL of a small JPEG; None if it cannot be read."""
    import cv2

    try:
        image = _shrunk(read_rgb(path))
    except MediaError:
        return None
    done, data = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    if not done:
        return None
    return "data:image/jpeg;base64," + base64.b64encode(data.tobytes()).decode()


def _shrunk(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    import cv2

    scale = SIDE / max(image.shape[:2])
    height, width = (max(1, round(side * scale)) for side in image.shape[:2])
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_NEAREST
    return np.asarray(cv2.resize(image, (width, height), interpolation=way), np.uint8)
