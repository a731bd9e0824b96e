"""What tells one picture from another, in 200 bytes: a hash of its shapes, and a tiny copy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

SIDE = 8
"""Pixels of the tiny copy's sides, and waves of the hash in each direction."""
_DRAWN = 4 * SIDE


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """A picture, briefly."""

    hash: int
    """Which of its slow waves are strong, 63 bits: much the same after scaling or compression."""
    tiny: bytes
    """Levels of an 8x8 copy, uint8 RGB (8, 8, 3)."""


def fingerprint(image: NDArray[np.uint8]) -> Fingerprint:
    """Describe a picture so that copies of it are found.

    The hash is that of C. Zauner, Implementation and Benchmarking of Perceptual Image Hash
    Functions (2010), section 3.2.1: which coefficients of a cosine transform are above the median.

    Args:
        image: uint8 RGB (H, W, 3), upright.
    """
    import cv2

    small = np.asarray(cv2.resize(image, (_DRAWN, _DRAWN), interpolation=cv2.INTER_AREA), np.uint8)
    gray = np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), np.float32)
    waves: Any = cv2.dct(gray)[:SIDE, :SIDE].ravel()[1:]  # the first is the brightness
    bits = waves > np.median(waves)
    tiny = np.asarray(cv2.resize(small, (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.uint8)
    return Fingerprint(int("".join("01"[int(bit)] for bit in bits), 2), tiny.tobytes())
