"""What becomes of the network's output before it is written: gray again, and controlled."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cyclekit.inference.control import blend
from cyclekit.inference.results import Options
from cyclekit.media.images import Picture
from cyclekit.pixels import Array

_MIXED = "its colours are mixed with the original's; they are no longer the palette's alone"
_SRGB = "its colour profile is left out, for the palette's colours are sRGB"
_GRAY_STAYS = (
    "all of a gray picture is luminance, which is kept; --gray-to-color lets it take colour"
)


def finished(
    before: Picture,
    made: Array,
    mask: Array | None,
    how: Options,
    palette: NDArray[np.uint8] | None = None,
) -> tuple[Picture, tuple[str, ...]]:
    """Let no more of a translation through than the user wants.

    Args:
        before: the original, at the size of the translation.
        made: the network's output, RGB (H, W, 3) of the original's type.
        mask: white where to translate, (H, W); None is everywhere.
        how: whether gray stays gray, and what may change.
        palette: the colours that `made` consists of, RGB (K, 3); None for any.

    Returns:
        The picture to write, with all else that `before` holds; notes for the user.
    """
    control = how.control
    if palette is not None and control.idle:
        return _of_palette(before, made, palette)
    gray = before.gray and (not how.color or control.keep == "color")
    pixels = _luma(made) if gray else made
    if not control.idle:
        pixels = blend(
            before.pixels[..., 0] if gray else before.pixels,
            pixels,
            strength=control.strength,
            keep=control.keep,
            mask=mask,
            feather=control.feather,
        )
    notes: tuple[str, ...] = (_GRAY_STAYS,) if gray and control.keep == "luminance" else ()
    if palette is not None:
        notes = (*notes, _MIXED)
    rgb: Any = np.repeat(pixels[..., None], 3, axis=2) if gray else pixels
    return replace(before, pixels=rgb, gray=gray), notes


def _of_palette(
    before: Picture, made: Array, palette: NDArray[np.uint8]
) -> tuple[Picture, tuple[str, ...]]:
    """Keep the palette's colours, of a gray picture too; they are sRGB, whatever it was."""
    metadata = replace(before.metadata, icc=None)
    notes = (_SRGB,) if before.metadata.icc else ()
    return replace(before, pixels=made, gray=False, palette=palette, metadata=metadata), notes


def _luma(rgb: Array) -> Array:
    """Bring colour back to gray (H, W), by the weights of JPEG."""
    import cv2

    gray: Any = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    return np.asarray(gray)
