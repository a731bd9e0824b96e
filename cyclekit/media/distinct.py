"""Tells frames apart: a film shows nearly the same picture many times."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cyclekit.media.picture import Array

DISTINCT = 2.0
"""Levels of 255, on average over small pictures, by which a frame differs from all before. At 25
frames a second a slow pan keeps one frame of three to five, fast action nearly all."""
SMALL = (32, 18)
"""Width and height at which frames are compared: noise and compression are averaged away."""


class Distinct:
    """Remembers frames; says of each whether it shows something new.

    Args:
        least: mean difference, in levels of 255, that counts as new; 0 takes all but equal ones.
    """

    def __init__(self, least: float = DISTINCT) -> None:
        self._least = least
        self._known = np.empty((0, SMALL[1] * SMALL[0] * 3), np.int16)
        self._count = 0

    def is_new(self, frame: Array) -> bool:
        """Say whether a frame differs from all new ones before, and remember it if so.

        Args:
            frame: uint8 or uint16, (H, W, 3) or (H, W, 4).
        """
        small = _small(frame)
        for known in (self._known[max(0, self._count - 1) : self._count], self._known):
            differences = np.abs(known[: self._count] - small).mean(axis=1)  # the last one first
            if (differences <= self._least).any():
                return False
        if self._count == len(self._known):
            room = np.empty((max(64, len(self._known)), small.size), np.int16)
            self._known = np.concatenate([self._known, room])
        self._known[self._count] = small
        self._count += 1
        return True


def _small(frame: Array) -> NDArray[np.int16]:
    import cv2

    scale = 1 if frame.dtype == np.uint8 else 1 / 257
    small = cv2.resize(frame[..., :3], SMALL, interpolation=cv2.INTER_AREA)
    return np.asarray(np.rint(small * scale), np.int16).ravel()
