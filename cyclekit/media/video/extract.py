"""Chooses frames of a video that are worth keeping as pictures."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np

from cyclekit.media.distinct import Distinct
from cyclekit.media.picture import Array, to_8_bits
from cyclekit.media.scenes import look_at
from cyclekit.media.video.clip import Frame

Member = tuple[int, Array]
"""Number and pixels of a frame."""


@dataclass(frozen=True)
class Choice:
    """Which frames are wanted; each rule works on what the one before it leaves."""

    every: int = 1
    """One frame of so many."""
    sharpest: int = 1
    """The sharpest of so many; a group ends where the film cuts."""
    scenes: bool = False
    """Only the first group of every scene."""
    distinct: bool = True
    """No near-duplicate of an earlier one."""


def extract(frames: Iterable[Frame], choice: Choice) -> Iterator[tuple[int, Array]]:
    """Yield the number, from 0, and the pixels of every frame that is wanted.

    Args:
        frames: of a video, in order.
        choice: which of them.
    """
    known = Distinct()
    for group in _groups(frames, choice):
        number, pixels = max(group, key=_sharpness) if group[1:] else group[0]
        if not choice.distinct or known.is_new(pixels):
            yield number, pixels


def _groups(frames: Iterable[Frame], choice: Choice) -> Iterator[list[Member]]:
    """Gather neighbours of one scene; a frame's pixels are made only if it takes part."""
    group: list[Member] = []
    last, wanted = None, True
    for number, frame in islice(enumerate(frames), 0, None, choice.every):
        pixels = frame.pixels()
        look = look_at(pixels)
        cut = last is not None and last.is_cut_to(look)
        last = look
        if group and (cut or len(group) == choice.sharpest):
            yield group
            group, wanted = [], not choice.scenes
        wanted = wanted or cut
        if wanted:
            group.append((number, pixels))
    if group:
        yield group


def _sharpness(member: Member) -> float:
    """Return the variance of the second derivative of brightness: a blur takes it away."""
    import cv2

    gray = cv2.cvtColor(np.ascontiguousarray(to_8_bits(member[1])[..., :3]), cv2.COLOR_RGB2GRAY)
    return float(cv2.Laplacian(gray, cv2.CV_32F).var())
