"""How long a translator takes for a picture on this machine."""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median

import numpy as np

from cyclekit.pixels import Array

ROUNDS = 9
"""Pictures that are timed, after two that are not."""


def milliseconds(translate: Callable[[Array], Array], side: int) -> float:
    """Return the usual time of one picture, from levels to levels.

    Args:
        translate: what is timed.
        side: height and width of the picture, px.
    """
    levels = np.random.default_rng(0).integers(0, 256, (side, side, 3))
    picture = levels.astype(np.uint8)
    for _ in range(2):
        translate(picture)
    taken = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        translate(picture)
        taken.append(time.perf_counter() - started)
    return 1000 * median(taken)
