"""Where a translation cannot be undone: content that was invented or lost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from cyclekit.errors import MediaError
from cyclekit.inference.fit import resized, wanted_size
from cyclekit.media.scale import NARROWEST, with_scale
from cyclekit.pixels import Array, full_scale

SCALE = 64
"""Levels of 255 at the upper end of the colours, for every picture."""
SIDE = 480
"""Pixels of the map's longer side at most."""
_STEP = 4  # a level
_BLUR = 1.5  # standard deviation in pixels of the map: what is seen is places, not noise
_LABELS = {0.0: "0", 0.25: f"{SCALE // 4}", 0.5: f"{SCALE // 2}", 1.0: f"{SCALE} levels"}


@dataclass(frozen=True)
class Cycle:
    """How far a picture is from itself after there and back."""

    error: float | None
    """Mean absolute difference in levels of 255; None if it could not be found."""
    map: NDArray[np.uint8] | None = None
    """The same, smoothed, at every place: 255 for `SCALE` levels and more, (h, w)."""
    note: str = ""
    """Why there is no error."""


class CycleCheck:
    """Compares G_back(G(x)) with x, the cycle of CycleGAN (https://arxiv.org/abs/1703.10593).

    Args:
        forward: translates a picture, uint8 or uint16 RGB (H, W, 3), to the same size and type.
        backward: the other direction.
    """

    def __init__(
        self, forward: Callable[[Array], Array], backward: Callable[[Array], Array]
    ) -> None:
        self._forward, self._backward = forward, backward

    def __call__(self, before: Array, after: Array | None = None) -> Cycle:
        """Measure one picture; one that is too large for the memory gets a note.

        Args:
            before: x.
            after: G(x), if it is known already.
        """
        try:
            made = self._forward(before) if after is None else after
            return difference(before, self._backward(made))
        except MediaError as error:
            return Cycle(None, note=f"no cycle error: {error}")


def difference(before: Array, back: Array) -> Cycle:
    """Compare two pictures of one size and type, uint8 or uint16 RGB (H, W, 3)."""
    height, width = before.shape[:2]
    levels = np.empty((height, width), np.float32)
    weights = np.full((1, 3), 255 / full_scale(before.dtype) / 3, np.float32)
    for top in range(0, height, 256):  # in strips: floats of a whole picture are large
        rows = slice(top, top + 256)
        apart = cv2.absdiff(before[rows], back[rows]).astype(np.float32)
        levels[rows] = cv2.transform(apart, weights)
    error = float(levels.mean(dtype=np.float64))
    wide, tall = wanted_size(width, height, None, SIDE)
    small = cv2.resize(levels, (wide, tall), interpolation=cv2.INTER_AREA)
    smooth = cv2.GaussianBlur(small, (0, 0), _BLUR, borderType=cv2.BORDER_REPLICATE)
    scaled = np.asarray(smooth) * (255 / SCALE)
    return Cycle(error, scaled.round().clip(0, 255).astype(np.uint8))


def draw(error_map: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Colour an error map and print its scale under it.

    Args:
        error_map: `Cycle.map`.

    Returns:
        uint8 RGB, black where nothing changed; a map too small to be seen is enlarged.
    """
    ramp = cv2.applyColorMap(np.arange(256, dtype=np.uint8)[:, None], cv2.COLORMAP_INFERNO)
    colors = np.asarray(ramp, np.uint8)[:, 0, ::-1]
    longer = max(error_map.shape)
    if longer < NARROWEST:
        tall, wide = (max(1, round(side * NARROWEST / longer)) for side in error_map.shape)
        error_map = np.asarray(resized(error_map, wide, tall), np.uint8)
    steps = error_map // _STEP * _STEP  # fewer colours make a file half as large
    return with_scale(colors[np.asarray(steps)], colors, _LABELS)
