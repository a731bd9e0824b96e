"""How much a translated film flickers, beside its source."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from cyclekit.media.flow import find_flow, trust, warp
from cyclekit.pixels import Array

STILL = 2.0
"""Levels of 255 that the source may change by, lightly smoothed, and still count as standing still."""
AROUND = 16
"""Pixels on every side that must stand still with a pixel: a network sees its surroundings."""


@dataclass(frozen=True)
class Flicker:
    """What happens from one frame to the next."""

    warping_error: float
    """Mean squared change of the result along the source's motion, in units of [0, 1]^2."""
    source_warping_error: float
    """The same of the source itself: the floor that the flow leaves."""
    change: float
    """Mean absolute change of the result beyond the source's own, levels of 255; no flow in it."""
    source_change: float
    """Mean absolute change of the source, levels of 255."""
    still_change: float
    """`change` where the source stands still; nan where nothing does."""


def flicker(source: Iterable[Array], result: Iterable[Array]) -> Iterator[Flicker]:
    """Measure a film, pair of frames by pair of frames; two pairs are in memory.

    The warping error is that of Lai et al. 2018 (https://arxiv.org/abs/1808.00449, eq. 4), with the
    flow of the source: E = sum M |O_t - warp(O_(t-1))|^2 / sum M.

    Args:
        source: uint8 RGB frames, (H, W, 3).
        result: one for each, of the same size.

    Yields:
        One measurement for each frame but the first.

    Raises:
        ValueError: if there are more frames of one than of the other.
    """
    for (before, made_before), (now, made_now) in pairwise(zip(source, result, strict=True)):
        yield _between(before, now, made_before, made_now)


def _between(before: Array, now: Array, made_before: Array, made_now: Array) -> Flicker:
    flow = find_flow(now, before)
    weight = trust(now, before, flow)
    own = now.astype(np.float32) - before.astype(np.float32)
    beyond = np.abs(made_now.astype(np.float32) - made_before.astype(np.float32) - own).mean(axis=2)
    still = _still(before, now)
    return Flicker(
        warping_error=_warping_error(made_now, made_before, flow, weight),
        source_warping_error=_warping_error(now, before, flow, weight),
        change=float(beyond.mean()),
        source_change=float(np.abs(own).mean()),
        still_change=float(beyond[still].mean()) if still.any() else float("nan"),
    )


def _still(before: Array, now: Array) -> Any:
    """Find the pixels around which nothing moves, (H, W)."""
    import cv2

    smooth = [cv2.GaussianBlur(frame, (0, 0), 1).astype(np.int16) for frame in (before, now)]
    moves = (np.abs(smooth[1] - smooth[0]).max(axis=2) > STILL).astype(np.uint8)
    return cv2.dilate(moves, np.ones((2 * AROUND + 1,) * 2, np.uint8)) == 0


def _warping_error(now: Array, before: Array, flow: Any, weight: Any) -> float:
    change = (now.astype(np.float32) - warp(before, flow).astype(np.float32)) / 255
    return float((weight * (change**2).mean(axis=2)).sum() / max(float(weight.sum()), 1e-9))
