"""Show what models make of pictures: one row of pictures, and one below it for each model."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cyclekit.hub.open import open_generator
from cyclekit.inference.fit import resized, wanted_size
from cyclekit.inference.translator import Translator
from cyclekit.media.images import read_rgb
from cyclekit.media.sheet import sheet

LONGER_SIDE = 800
"""Pixels of the longer side of what is translated; larger pictures are shrunk first."""


def draw_sheet(
    pictures: Sequence[Path], models: Sequence[str | Path], cell: int
) -> NDArray[np.uint8]:
    """Translate pictures and lay them out: before above, after below.

    Args:
        pictures: the files, one column each.
        models: as `open_generator` takes them, one row each; the first direction of each.
        cell: side in pixels of the square that every picture is fitted into, whole.

    Returns:
        uint8 RGB (H, W, 3).

    Raises:
        MediaError: if a picture cannot be read.
        UsageError: if a model does not translate pictures.
    """
    before = [_fitted(read_rgb(path)) for path in pictures]
    rows = [before]
    for model in models:
        translate = Translator(open_generator(model).generator, precision="fp32")
        rows.append([np.asarray(translate(picture), np.uint8) for picture in before])
    return sheet(rows, cell)


def _fitted(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height, width = picture.shape[:2]
    return np.asarray(resized(picture, *wanted_size(width, height, None, LONGER_SIDE)), np.uint8)
