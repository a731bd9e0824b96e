"""Masks for the frames of a film: one picture for all, or a film that runs beside it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np

from cyclekit.inference.control import Mask, feathered
from cyclekit.inference.fit import resized
from cyclekit.inference.masks import read_mask
from cyclekit.media.folders import PICTURE_SUFFIXES
from cyclekit.media.video.clip import Frame, Source
from cyclekit.media.video.source import open_source
from cyclekit.pixels import Array


class FilmMask(Protocol):
    """Says where to translate, for every moment."""

    def at(self, time: Fraction) -> Mask:
        """Return the mask for a moment; moments never go back.

        Args:
            time: seconds from the beginning of the film that is translated.

        Returns:
            As for `blend`, (height, width) of the frames.
        """

    def fingerprint(self) -> dict[str, Any] | None:
        """Return what changes when the mask does; None if it cannot be read twice."""


def open_film_mask(path: Path, size: tuple[int, int], feather: float) -> FilmMask:
    """Open the mask of a film.

    Args:
        path: a picture, a video, or pictures with a number (one for each of 25 frames a second).
        size: width and height of the frames.
        feather: as for `feathered`.

    Raises:
        MediaError: if it cannot be read.
    """
    if path.suffix.lower() in PICTURE_SUFFIXES - {".gif"} and path.is_file():
        return StillMask(feathered(resized(read_mask(path), *size), feather))
    return MovingMask(open_source(path, None, None), size, feather)


class StillMask:
    """The same mask for every frame.

    Args:
        mask: as for `blend`, (height, width) of the frames.
    """

    def __init__(self, mask: Mask) -> None:
        self._mask = mask

    def at(self, time: Fraction) -> Mask:
        """Return the mask, whatever the moment."""
        return self._mask

    def fingerprint(self) -> dict[str, Any]:
        """Return a digest of the mask."""
        return {"mask": hashlib.sha256(np.ascontiguousarray(self._mask).tobytes()).hexdigest()}


class MovingMask:
    """The frames of another film: what it shows at a moment is the mask then.

    Its first frame also stands for what is before it, its last for all that comes after.

    Args:
        source: lightness says where to translate.
        size: width and height of the frames.
        feather: as for `feathered`.
    """

    def __init__(self, source: Source, size: tuple[int, int], feather: float) -> None:
        self._source = source
        self._size = size
        self._feather = feather
        self._frames: Iterator[Frame] = source.frames()
        self._next = next(self._frames, None)
        self._now: Frame | None = None
        self._mask: Mask | None = None

    def at(self, time: Fraction) -> Mask:
        """Run on to the frame that is shown at a moment."""
        clip = self._source.clip
        while self._next is not None and (
            self._now is None or self._next.pts * clip.time_base - clip.start <= time
        ):
            self._now, self._mask = self._next, None
            self._next = next(self._frames, None)
        if self._mask is None:
            assert self._now is not None  # a source without a frame cannot be opened
            levels = resized(_lightness(self._now.pixels()), *self._size)
            self._mask = feathered(levels, self._feather)
        return self._mask

    def fingerprint(self) -> dict[str, Any] | None:
        """Return that of the source, with what is done to it."""
        found = self._source.fingerprint()
        return None if found is None else {**found, "feather": self._feather}


def _lightness(pixels: Array) -> Array:
    """Turn a frame into a mask: what is transparent is black."""
    levels: Any = cv2.cvtColor(np.ascontiguousarray(pixels[..., :3]), cv2.COLOR_RGB2GRAY)
    if pixels.shape[2] == 4:
        full = np.iinfo(pixels.dtype).max
        levels = cv2.multiply(levels, np.ascontiguousarray(pixels[..., 3]), scale=1 / full)
    return np.asarray(levels)
