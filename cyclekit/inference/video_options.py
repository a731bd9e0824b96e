"""How a video is translated, and what is shown of it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Literal

import numpy as np

from cyclekit.inference.control import Keep
from cyclekit.inference.fit import wanted_size
from cyclekit.media.video.clip import Clip
from cyclekit.media.video.times import Cut
from cyclekit.pixels import Array

Show = Literal["result", "side-by-side", "wipe"]
_SWEEP = Fraction(4)
"""Seconds in which the line of a wipe goes across and back."""
_LINE = 2
_SAME_SHAPE = 0.01
"""Change of shape that counts as rounding."""


@dataclass(frozen=True)
class VideoOptions:
    """How a video is translated."""

    cut: Cut = field(default_factory=Cut)
    """Which frames."""
    size: tuple[int, int] | None = None
    """Exact width and height in pixels to translate at; None keeps the video's."""
    max_size: int | None = None
    """Most pixels of the longer side, shape kept; None for any."""
    show: Show = "result"
    """What is written: the result, before and after side by side, or a line that sweeps between."""
    strength: float = 1.0
    """0 is the source, 1 the network's result."""
    keep: Keep | None = None
    """What of the source stays: "luminance", "color" or None."""


def result_clip(clip: Clip, options: VideoOptions) -> Clip:
    """Describe what will be written: the clip at another size and rate, shape kept on the screen."""
    width, height = wanted_size(clip.width, clip.height, options.size, options.max_size)
    change = Fraction(clip.width * height, clip.height * width)
    aspect = clip.aspect if abs(change - 1) < _SAME_SHAPE else clip.aspect * change
    both = 2 if options.show == "side-by-side" else 1
    rate = clip.rate / options.cut.every
    return replace(clip, width=width * both, height=height, aspect=aspect, rate=rate)


def shown(before: Array, after: Array, time: Fraction, options: VideoOptions) -> Array:
    """Show a frame and what was made of it.

    Args:
        before: the frame as the network saw it.
        after: what was made of it, of the same shape and type.
        time: seconds from the beginning of the output.
        options: what to show.
    """
    if options.show == "side-by-side":
        return np.asarray(np.concatenate([before, after], axis=1))
    if options.show == "wipe":
        return _wiped(before, after, time)
    return after


def _wiped(before: Array, after: Array, time: Fraction) -> Array:
    """Show the frame left of a white line, and its translation right of it."""
    width = before.shape[1]
    phase = float(time % _SWEEP / _SWEEP)
    at = round((0.5 - 0.5 * math.cos(2 * math.pi * phase)) * width)
    both = after.copy()
    both[:, :at] = before[:, :at]
    both[:, max(0, at - _LINE) : at + _LINE] = np.iinfo(both.dtype).max
    return both
