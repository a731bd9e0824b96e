"""How many modes a generator plays, and how well."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from games.playing import Figures
from games.worlds import Pixels, World

DRAWN = 1024
LEAST = 0.01
"""Share of all pictures that must be of a mode, and good, for the mode to be covered."""


def count_modes(world: World, pictures: Sequence[Pixels]) -> Figures:
    """Return modes covered, the share of good pictures, and good pictures by mode."""
    verdict = world.judge(pictures)
    counts = np.bincount(verdict.mode[verdict.good], minlength=world.modes)
    return {
        "modes": int((counts >= LEAST * len(pictures)).sum()),
        "good": round(float(verdict.good.mean()), 4),
        "counts": counts.tolist(),
    }


def spread(values: Sequence[float]) -> Figures:
    """Return mean and standard deviation over seeds."""
    deviation = np.std(values, ddof=1) if len(values) > 1 else 0.0
    return {"mean": round(float(np.mean(values)), 4), "deviation": round(float(deviation), 4)}
