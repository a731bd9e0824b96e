"""A scale of colours beside a picture that is a map: what which colour means."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]

LOWEST = 128
"""Rows that a scale needs to be read; a lower map gets a frame."""
_BACKGROUND = 24


def with_scale(picture: Bytes, colors: Bytes, labels: Mapping[float, str]) -> Bytes:
    """Draw the scale of a map at its right.

    Args:
        picture: the map in its colours, uint8 RGB (H, W, 3).
        colors: uint8 RGB (256, 3), from the lowest value to the highest.
        labels: words by place on the scale, 0 the lowest value to 1 the highest; ASCII.

    Returns:
        uint8 RGB on a dark ground, at least `LOWEST` rows, wider by the scale.
    """
    height = max(len(picture), LOWEST)
    size = min(max(height / 700, 0.45), 1.5)
    bar = _bar(height, size, colors, labels)
    canvas = np.full((height, picture.shape[1] + bar.shape[1], 3), _BACKGROUND, np.uint8)
    top = (height - len(picture)) // 2
    canvas[top : top + len(picture), : picture.shape[1]] = picture
    canvas[:, picture.shape[1] :] = bar
    return canvas


def _bar(height: int, size: float, colors: Bytes, labels: Mapping[float, str]) -> Bytes:
    import cv2

    font, thick = cv2.FONT_HERSHEY_SIMPLEX, max(1, round(size))
    margin, wide, gap = round(16 * size), round(20 * size), round(8 * size)
    room = max(cv2.getTextSize(text, font, size, thick)[0][0] for text in labels.values())
    canvas: Any = np.full((height, margin + wide + 2 * gap + room, 3), _BACKGROUND, np.uint8)
    rows = height - 2 * margin
    steps = np.linspace(255, 0, rows).round().astype(int)
    canvas[margin : margin + rows, margin : margin + wide] = colors[steps][:, None]
    for place, text in labels.items():
        (_, tall), _ = cv2.getTextSize(text, font, size, thick)
        y = margin + round((1 - place) * (rows - 1)) + tall // 2
        x = margin + wide + gap
        cv2.putText(canvas, text, (x, y), font, size, (235, 235, 235), thick, cv2.LINE_AA)
    return np.asarray(canvas, np.uint8)
