"""The second look at a picture: its pixels."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from cyclekit.data.fingerprint import Fingerprint, fingerprint
from cyclekit.errors import MediaError
from cyclekit.media.glance import Glance
from cyclekit.media.images import read, read_rgb, to_8_bits

Emptiness = Literal["", "flat", "near-empty", "transparent"]
COLOURS = ("brightness", "contrast", "saturation", "red", "green", "blue")
"""What is measured of a picture's colours, levels of 255: means, but the contrast is a deviation."""
_SMALL = 64  # pixels a side, for colours
_SAMPLED = 256  # pixels a side, for emptiness
_NEAR = 6  # levels from the usual colour that are still it
_SHARE = 0.995
_BINS = 4


@dataclass(frozen=True, slots=True)
class Look:
    """What is known of a picture's pixels, in half a kilobyte."""

    digest: bytes
    """Of the file's bytes: equal files have the same."""
    print: Fingerprint
    """By which copies are found."""
    colours: tuple[float, ...]
    """In the order of `COLOURS`."""
    histogram: bytes
    """Square roots of the shares of 4x4x4 colours, float16 (64,): a feature for want of others."""
    emptiness: Emptiness
    """Why there is nothing to be seen; empty if there is."""
    is_gray: bool
    """Whether red, green and blue are equal everywhere, whatever the header says."""


def look(path: Path, header: Glance) -> Look:
    """Decode a picture and describe it.

    Args:
        path: the file.
        header: of the same.

    Raises:
        MediaError: if it cannot be decoded.
    """
    image, is_clear = _pixels(path, header)
    small = _reduced(image, _SMALL)
    spread = int(np.ptp(image.astype(np.int16), axis=2).max()) if header.channels > 1 else 0
    return Look(
        digest=_digest(path),
        print=fingerprint(image),
        colours=_colours(small),
        histogram=_histogram(small),
        emptiness="transparent" if is_clear else _emptiness(image),
        is_gray=spread <= 1,
    )


def _pixels(path: Path, header: Glance) -> tuple[NDArray[np.uint8], bool]:
    """Return RGB (H, W, 3), and whether nothing of it is opaque."""
    if not header.alpha:
        return read_rgb(path), False
    picture = read(path)
    is_clear = picture.alpha is not None and not picture.alpha.any()
    return to_8_bits(picture.pixels).astype(np.uint8, copy=False), is_clear


def _digest(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).digest()
    except OSError as error:
        raise MediaError(f"{path}: {error.strerror or error}") from error


def _emptiness(image: NDArray[np.uint8]) -> Emptiness:
    """Look at pixels as they are, for an average would hide a thin line."""
    if not np.ptp(image.reshape(-1, 3), axis=0).max():
        return "flat"
    steps = [max(1, side // _SAMPLED) for side in image.shape[:2]]
    seen = image[:: steps[0], :: steps[1]].reshape(-1, 3).astype(np.int16)
    usual = np.median(seen, axis=0)
    near = (np.abs(seen - usual).max(axis=1) <= _NEAR).mean()
    return "near-empty" if near >= _SHARE else ""


def _reduced(image: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    import cv2

    return np.asarray(cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA), np.uint8)


def _colours(small: NDArray[np.uint8]) -> tuple[float, ...]:
    import cv2

    gray = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
    saturation = cv2.cvtColor(small, cv2.COLOR_RGB2HSV)[..., 1]
    means = small.reshape(-1, 3).mean(axis=0)
    values = (gray.mean(), gray.std(), saturation.mean(), *means)
    return tuple(round(float(value), 2) for value in values)


def _histogram(small: NDArray[np.uint8]) -> bytes:
    bins: Any = small.reshape(-1, 3).astype(np.int64) * _BINS // 256
    index = bins @ np.array([_BINS * _BINS, _BINS, 1])
    shares = np.bincount(index, minlength=_BINS**3) / len(index)
    return np.sqrt(shares).astype(np.float16).tobytes()
