"""How much a translated film flickers, beside its source."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from itertools import pairwise
from math import nan
from typing import Any

import numpy as np

from cyclekit.media.flow import find_flow, trust, warp
from cyclekit.media.scenes import look_at
from cyclekit.pixels import Array

STILL = 2.0
"""Levels of 255 that the source may change by, lightly smoothed, and still count as standing still."""
AROUND = 16
"""Pixels on every side that must stand still with a pixel: a network sees its surroundings."""


@dataclass(frozen=True)
class Flicker:
    """What happens from one frame to the next; all nan where the film cuts."""

    warping_error: float
    """Mean squared change of the result along the source's motion, in units of [0, 1]^2."""
    source_warping_error: float
    """The same of the source itself: the floor that the flow leaves."""
    flicker: float
    """Mean |(O_t - O_(t-1)) - (I_t - I_(t-1))|: how far the result changes otherwise than the
    source does, levels of 255; no flow in it."""
    change: float
    """Mean |O_t - O_(t-1)| of the result, levels of 255."""
    source_change: float
    """The same of the source."""
    still_share: float
    """Share of the pixels around which the source stands still, 0 to 1."""
    still_flicker: float
    """`flicker` of these pixels; nan if there are none, as for the next two."""
    still_change: float
    """`change` of these pixels."""
    still_source_change: float
    """`source_change` of these pixels: noise."""


def flicker(source: Iterable[Array], result: Iterable[Array]) -> Iterator[Flicker]:
    """Measure a film, pair of frames by pair of frames; two pairs are in memory.

    The warping error is that of Lai et al. 2018 (https://arxiv.org/abs/1808.00449, eq. 4), with the
    flow of the source: E = sum M |O_t - warp(O_(t-1))|^2 / sum M.

    Args:
        source: uint8 RGB frames, (H, W, 3), at least 16 pixels a side.
        result: one for each, of the same size.

    Yields:
        One measurement for each frame but the first.

    Raises:
        ValueError: if there are more frames of one than of the other.
    """
    looked = ((look_at(now), now, made) for now, made in zip(source, result, strict=True))
    for (look_before, *before), (look, *now) in pairwise(looked):
        yield _CUT if look_before.is_cut_to(look) else _between(*before, *now)


def _between(before: Array, made_before: Array, now: Array, made_now: Array) -> Flicker:
    flow = find_flow(now, before)
    weight = trust(now, before, flow)
    own = now.astype(np.float32) - before
    change = made_now.astype(np.float32) - made_before
    everywhere = np.ones(now.shape[:2], bool)
    still = _still(before, now)
    beyond, made, own_change = (_mean(values, everywhere) for values in (change - own, change, own))
    still_beyond, still_made, still_own = (
        _mean(values, still) for values in (change - own, change, own)
    )
    return Flicker(
        warping_error=_warping_error(made_now, made_before, flow, weight),
        source_warping_error=_warping_error(now, before, flow, weight),
        flicker=beyond,
        change=made,
        source_change=own_change,
        still_share=float(still.mean()),
        still_flicker=still_beyond,
        still_change=still_made,
        still_source_change=still_own,
    )


def _mean(values: Any, where: Any) -> float:
    return float(np.abs(values[where]).mean()) if where.any() else nan


def _still(before: Array, now: Array) -> Any:
    """Find the pixels around which nothing moves, (H, W)."""
    import cv2

    smooth = [cv2.GaussianBlur(frame, (0, 0), 1).astype(np.int16) for frame in (before, now)]
    moves = (np.abs(smooth[1] - smooth[0]).max(axis=2) > STILL).astype(np.uint8)
    return cv2.dilate(moves, np.ones((2 * AROUND + 1,) * 2, np.uint8)) == 0


def _warping_error(now: Array, before: Array, flow: Any, weight: Any) -> float:
    change = (now.astype(np.float32) - warp(before, flow).astype(np.float32)) / 255
    return float((weight * (change**2).mean(axis=2)).sum() / max(float(weight.sum()), 1e-9))


_CUT = Flicker(*(nan for _ in fields(Flicker)))
