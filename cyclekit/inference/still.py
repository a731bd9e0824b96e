"""Averages what stands still over time: the frames that a network sees, and what it makes of them.

A network answers to the noise of a film with texture that moves. Where nothing but noise changes, it
is shown the mean of the frames so far, and its results are averaged by the same weights. Every frame
is compared with that mean, not with the frame before: however slowly something moves, as soon as it
differs visibly from what the mean was made of, the mean is let go. So no ghost stays behind, and no
optical flow is needed, whose errors blur.
"""

from __future__ import annotations

from collections import deque
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cyclekit.pixels import Array

VISIBLE = 3.0
"""Levels of 255 that count as a change, in a channel, lightly smoothed. On two films 2 left a third
more flicker, and 5 only blurred more."""
_MARGIN = 2
"""Pixels around a change that change with it."""
_FINE = 257
"""Steps to a level of 255: means are kept in 16 bits."""
Fine = NDArray[np.uint16]
Weight = NDArray[np.float32]


class StillParts:
    """What stood still so far.

    Args:
        share: of the mean that stays at each frame, where nothing moves; 0 averages nothing.
        results: whether what was made of the frames is averaged too; a mean of two colours is a
            third, which a network that chooses among colours never makes.
    """

    def __init__(self, share: float, *, results: bool = True) -> None:
        self.source: Fine | None = None
        """Mean of the frames, RGB of 16 bits, (H, W, 3)."""
        self.result: Fine | None = None
        """Mean of what was made of them, by the same weights."""
        self._share = share
        self._results = results
        self._weights: deque[Weight | None] = deque()

    def calm(self, frame: Array) -> Array:
        """Show the mean where a frame, uint8 or uint16 (H, W, 3 or 4), does not differ from it."""
        if self._share == 0:
            return frame
        now = _fine(frame)
        weight = None if self.source is None else self._share * _stillness(now, self.source)
        self._weights.append(weight)
        self.source = _towards(now, self.source, weight)
        return _like(frame, self.source)

    def settle(self, made: Array) -> Array:
        """Average what was made of the next frame that was calmed, of that frame's shape."""
        if self._share == 0:
            return made
        weight = self._weights.popleft()
        self.result = _towards(_fine(made), self.result, weight if self._results else None)
        return _like(made, self.result)

    def forget(self) -> None:
        """Begin anew with the next frame; all that were calmed must be settled."""
        self.source = self.result = None


def _stillness(now: Fine, mean: Fine) -> Weight:
    """Return 1 where a frame is its mean but for noise, 0 where it visibly differs, (H, W)."""
    import cv2

    change: Any = cv2.GaussianBlur(cv2.subtract(now, mean, dtype=cv2.CV_32F), (0, 0), 1)
    largest = np.abs(change).max(axis=2) / (_FINE * VISIBLE)
    around = cv2.dilate(largest, np.ones((2 * _MARGIN + 1,) * 2, np.uint8))
    return np.asarray(cv2.GaussianBlur(np.exp(-(around**4)), (0, 0), _MARGIN / 2))


def _towards(now: Fine, mean: Fine | None, weight: Weight | None) -> Fine:
    if mean is None or weight is None:
        return now
    mixed: Any = now + weight[..., None] * (mean.astype(np.float32) - now)
    return np.asarray(np.rint(mixed).astype(np.uint16))


def _fine(frame: Array) -> Fine:
    scale = np.uint16(1 if frame.dtype == np.uint16 else _FINE)
    return np.multiply(frame[..., :3], scale, dtype=np.uint16)


def _like(frame: Array, rgb: Fine) -> Array:
    """Give 16-bit colours the type of a frame, and its opacity."""
    same: Array = rgb
    if frame.dtype == np.uint8:
        same = ((rgb.astype(np.uint32) + _FINE // 2) // _FINE).astype(np.uint8)
    if frame.shape[2] == 3:
        return same
    with_opacity: Any = np.dstack([same, frame[..., 3]])
    return with_opacity  # type: ignore[no-any-return]
