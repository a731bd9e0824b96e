"""A scale of colours under a picture that is a map: what which colour means."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]

NARROWEST = 192
"""Columns that a scale needs to be read; a narrower map gets a frame."""
_BACKGROUND = 24
_INK = (235, 235, 235)


def with_scale(picture: Bytes, colors: Bytes, labels: Mapping[float, str]) -> Bytes:
    """Draw the scale of a map under it.

    Args:
        picture: the map in its colours, uint8 RGB (H, W, 3).
        colors: uint8 RGB (256, 3), from the lowest value to the highest.
        labels: words by place on the scale, 0 the lowest value to 1 the highest; ASCII.

    Returns:
        uint8 RGB, as wide as the map and at least `NARROWEST`; the map at its top.
    """
    height, width = picture.shape[:2]
    across = max(width, NARROWEST)
    bar = _bar(across, min(max(across / 800, 0.4), 1.5), colors, labels)
    canvas = np.full((height + len(bar), across, 3), _BACKGROUND, np.uint8)
    left = (across - width) // 2
    canvas[:height, left : left + width] = picture
    canvas[height:] = bar
    return canvas


def _bar(across: int, size: float, colors: Bytes, labels: Mapping[float, str]) -> Bytes:
    import cv2

    font, thick = cv2.FONT_HERSHEY_SIMPLEX, max(1, round(size))
    margin, tall = round(12 * size), round(20 * size)
    (_, letters), below = cv2.getTextSize("0y", font, size, thick)
    canvas: Any = np.full((3 * margin + tall + letters + below, across, 3), _BACKGROUND, np.uint8)
    wide = across - 2 * margin
    steps = np.linspace(0, 255, wide).round().astype(int)
    canvas[margin : margin + tall, margin : margin + wide] = colors[steps]
    for place, text in labels.items():
        (length, _), _ = cv2.getTextSize(text, font, size, thick)
        x = margin + round(place * wide) - length // 2
        x = min(max(x, margin), across - margin - length)  # words at the ends stay inside
        y = 2 * margin + tall + letters
        cv2.putText(canvas, text, (x, y), font, size, _INK, thick, cv2.LINE_AA)
    return np.asarray(canvas, np.uint8)
