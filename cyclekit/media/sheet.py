"""One picture of many: rows of cells, such as before and after."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

GAP = 4
"""Pixels of white between two cells."""


def sheet(rows: Sequence[Sequence[NDArray[np.uint8]]], cell: int) -> NDArray[np.uint8]:
    """Lay pictures out in rows.

    Args:
        rows: uint8 RGB pictures (H, W, 3), of any sizes.
        cell: side in pixels of the square that every picture is fitted into, whole.

    Returns:
        uint8 RGB on white, `GAP` pixels between the cells.

    Raises:
        ValueError: if there is no picture at all.
    """
    columns = max((len(row) for row in rows), default=0)
    if columns == 0:
        raise ValueError("a sheet needs at least one picture")
    step = cell + GAP
    canvas = np.full((len(rows) * step - GAP, columns * step - GAP, 3), 255, np.uint8)
    for y, row in enumerate(rows):
        for x, picture in enumerate(row):
            fitted = _fit(picture, cell)
            height, width = fitted.shape[:2]
            top, left = y * step + (cell - height) // 2, x * step + (cell - width) // 2
            canvas[top : top + height, left : left + width] = fitted
    return canvas


def _fit(picture: NDArray[np.uint8], cell: int) -> NDArray[np.uint8]:
    import cv2

    scale = cell / max(picture.shape[:2])
    height, width = (max(1, round(side * scale)) for side in picture.shape[:2])
    if (height, width) == picture.shape[:2]:
        return picture
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(picture, (width, height), interpolation=how), np.uint8)
