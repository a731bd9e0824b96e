"""Finds where a film cuts: both the colours and their places change at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cyclekit.media.picture import Array

STRUCTURE, COLOURS = 0.5, 0.4
"""Bounds of a cut. Measured on eight films: within a scene at most 0.35 and 0.29 (fast motion in a
damaged film), at joints at least 0.64 and 0.61."""
_SMALL = (64, 36)


@dataclass(frozen=True)
class Look:
    """What a frame looks like, small enough to keep."""

    gray: NDArray[np.float32]
    """64x36 pixels, mean 0, length 1 (all 0 for a flat frame)."""
    histogram: NDArray[np.float32]
    """Shares of hue, saturation and value, sum 1."""

    def is_cut_to(self, other: Look) -> bool:
        """Say whether the film cuts from this frame to the other.

        A flash changes the colours alone, and fast motion the structure alone: neither is a cut.
        """
        structure = 1 - float((self.gray * other.gray).sum())
        colours = 1 - float(np.minimum(self.histogram, other.histogram).sum())
        return structure > STRUCTURE and colours > COLOURS


def look_at(frame: Array) -> Look:
    """Look at a frame, uint8 or uint16, (H, W, 3) or (H, W, 4)."""
    import cv2

    scale = 1 if frame.dtype == np.uint8 else 1 / 257
    rgb: Any = cv2.resize(frame[..., :3], _SMALL, interpolation=cv2.INTER_AREA) * scale
    rgb = rgb.round().astype(np.uint8)
    gray = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY).astype(np.float32)
    gray = gray - gray.mean()
    hsv = cv2.cvtColor(rgb, cv2.COLOR_RGB2HSV)
    histogram = cv2.calcHist([hsv], [0, 1, 2], None, [8, 4, 8], [0, 180, 0, 256, 0, 256])
    length = float(np.sqrt((gray**2).sum()))
    return Look(gray / max(length, 1e-6), np.asarray(histogram.ravel() / histogram.sum()))
