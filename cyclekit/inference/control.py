"""What a translation may change of a picture: how much, light or colour, and where."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from cyclekit.errors import UsageError
from cyclekit.inference.lab import from_roots, lit, to_roots
from cyclekit.pixels import Array, full_scale

if TYPE_CHECKING:
    from pathlib import Path

    from cyclekit.inference.masks import Masks

Keep = Literal["luminance", "color"]
Mask = Array | NDArray[np.bool_]

_BAND = 256 * 1024
"""Pixels that are worked on at once: some 20 MB, however large the picture."""


@dataclass(frozen=True)
class Control:
    """What a translation may change.

    Raises:
        UsageError: if a value is out of its range, or `feather` has no mask to act on.
    """

    strength: float = 1.0
    """0 is the original, 1 the network's result, half-way in Lab between them."""
    keep: Keep | None = None
    """The original's lightness ("luminance") or its hues and their intensity ("color"); None for neither."""
    mask: Masks | None = None
    """Where the masks come from that say where to translate; None is everywhere."""
    feather: float = 0.0
    """Pixels from a mask's edge inwards over which the translation fades in."""

    def __post_init__(self) -> None:
        check(self.strength, self.keep, self.feather)
        if self.feather and self.mask is None:
            raise UsageError("feather softens the edge of a mask; give a mask too")

    @property
    def idle(self) -> bool:
        """Whether all is left to the network."""
        return self.strength == 1 and self.keep is None and self.mask is None

    @property
    def mask_files(self) -> frozenset[Path]:
        """The files that masks are read from, resolved."""
        return frozenset() if self.mask is None else self.mask.files


def check(strength: float, keep: str | None, feather: float) -> None:
    """Raise a UsageError for a value that `blend` cannot take."""
    if not 0 <= strength <= 1:
        raise UsageError(f"strength must be from 0 to 1, got {strength}")
    if keep not in (None, "luminance", "color"):
        raise UsageError(f"keep must be 'luminance', 'color' or None, got {keep!r}")
    if not 0 <= feather < math.inf:
        raise UsageError(f"feather must be a number of pixels from 0, got {feather}")


def blend(
    before: Array,
    after: Array,
    *,
    strength: float = 1.0,
    keep: Keep | None = None,
    mask: Mask | None = None,
    feather: float = 0.0,
) -> Array:
    """Take of a translation only what is wanted; pure, and without torch.

    Colours are mixed in CIE Lab: half-way then looks half-way. On the sample photographs, stored
    values grayed the mixtures, and linear light pulled them towards the brighter picture.

    Args:
        before: the original, uint8 or uint16; RGB (H, W, 3), with alpha (H, W, 4), or gray (H, W).
        after: its translation, of the same shape and type.
        strength: from 0, exactly `before`, to 1, exactly what the other arguments leave of `after`.
        keep: "luminance" takes the lightness (L*) of `before` and the colour (a*, b*) of `after`,
            "color" the other way round; what a screen cannot show of the colour is faded.
        mask: white (the largest value, True) takes `after`, black leaves `before` exactly as it
            is, grays mix; uint8, uint16 or bool (H, W).
        feather: pixels inside the mask, from its edge, over which the translation fades in; the
            picture's own border is no edge.

    Returns:
        The result, of the same shape and type; alpha is that of `after`.

    Raises:
        UsageError: if strength, keep or feather is out of its range.
        TypeError: if a picture or the mask is no numpy array.
        ValueError: if shapes or types do not fit.
    """
    check(strength, keep, feather)
    if feather and mask is None:
        raise UsageError("feather softens the edge of a mask; give a mask too")
    _check_arrays(before, after, mask)
    if mask is not None:
        mask = feathered(mask, feather)
    if strength == 1 and keep is None and mask is None:
        return after.copy()
    result = after.copy()
    depth = 1 if before.ndim == 2 else 3
    old, new, made = (a[..., None] if depth == 1 else a[..., :3] for a in (before, after, result))
    for rows in _bands(*before.shape[:2]):
        weight = _weight(strength, None if mask is None else mask[rows])
        made[rows] = _mixed(old[rows], new[rows], weight, keep)
    return result


def feathered(mask: Mask, feather: float) -> Array:
    """Fade a mask in from its edge; nothing outside it changes.

    Args:
        mask: uint8, uint16 or bool (H, W); what is not 0 is inside.
        feather: pixels that are less than white, seen from the nearest pixel outside.

    Returns:
        uint8 or uint16 (H, W); uint16 where there is a ramp, for 255 steps could be seen.
    """
    levels: Any = mask * np.uint8(255) if mask.dtype == np.bool_ else mask
    if not feather:
        return np.asarray(levels)
    result = np.empty(levels.shape, np.uint16)
    beyond = math.ceil(feather) + 1
    height, width = levels.shape
    for rows in _bands(height, width, at_least=beyond):
        first = max(0, rows.start - beyond)
        ramp = _ramp(levels[first : rows.stop + beyond], feather)[rows.start - first :]
        share = levels[rows] * np.float32(65535 / full_scale(levels.dtype))
        result[rows] = np.rint(share * ramp[: len(share)])
    return result


def _ramp(levels: Array, feather: float) -> NDArray[np.float32]:
    """0 outside, 1 further in than `feather`, smooth at both ends between."""
    inside = (levels > 0).astype(np.uint8)
    if inside.all():
        return np.ones(levels.shape, np.float32)
    distance: Any = cv2.distanceTransform(inside, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    way = np.minimum(distance / np.float32(feather + 1), 1)
    return np.asarray(way * way * (3 - 2 * way))


def _bands(height: int, width: int, at_least: int = 1) -> Iterator[slice]:
    """Rows that are worked on at once."""
    step = max(at_least, _BAND // width, 1)
    for top in range(0, height, step):
        yield slice(top, min(top + step, height))


def _weight(strength: float, mask: Array | None) -> NDArray[np.float32]:
    """Share of the translation, (H, W, 1), or (1, 1, 1) where it is the same everywhere."""
    if mask is None:
        return np.full((1, 1, 1), strength, np.float32)
    share: Any = np.divide(mask, full_scale(mask.dtype), dtype=np.float32)  # white is 1 exactly
    return np.asarray(share * np.float32(strength))[..., None]


def _mixed(before: Array, after: Array, weight: NDArray[np.float32], keep: Keep | None) -> Array:
    """Mix one band, (H, W, 1|3); weights of 0 and 1 are exact."""
    if not weight.any():
        return before
    if keep is None and (weight == 1).all():
        return after
    old, new = to_roots(before), to_roots(after)
    if keep == "luminance":
        new = lit(new, old)
    elif keep == "color":
        new = lit(old, new)
    result: Any = from_roots(old + (new - old) * weight, before.dtype)
    np.copyto(result, before, where=weight == 0)
    if keep is None:
        np.copyto(result, after, where=weight == 1)
    return np.asarray(result)


def _check_arrays(before: Array, after: Array, mask: Mask | None) -> None:
    for name, array in (("before", before), ("after", after), ("mask", mask)):
        if array is not None and not isinstance(array, np.ndarray):
            kind = type(array).__name__
            raise TypeError(f"{name} must be a numpy array, got {kind}; read a file with OpenCV")
    full_scale(before.dtype)
    if (before.shape, before.dtype) != (after.shape, after.dtype):
        kinds = " and ".join(f"{array.dtype} {array.shape}" for array in (before, after))
        raise ValueError(f"before and after must be of one shape and type, got {kinds}")
    if before.ndim != 2 and not (before.ndim == 3 and before.shape[2] in (3, 4)):
        raise ValueError(f"pictures must be (H, W, 3), (H, W, 4) or (H, W), got {before.shape}")
    if mask is None:
        return
    if mask.shape != before.shape[:2]:
        raise ValueError(f"the mask must be {before.shape[:2]} like the picture, got {mask.shape}")
    if mask.dtype not in (np.bool_, np.uint8, np.uint16):
        raise ValueError(f"the mask must be bool, uint8 or uint16, got {mask.dtype}")
