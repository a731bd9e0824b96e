"""CIE Lab, one linear step short: the cube roots of X, Y and Z by which colours are mixed."""

from __future__ import annotations

from functools import cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cyclekit.pixels import Array, full_scale

Roots = NDArray[np.float32]

# sRGB to XYZ (IEC 61966-2-1), each row divided by its sum: white is (1, 1, 1), and grays are even.
_TO_XYZ = np.array(
    [[0.4123908, 0.3575843, 0.1804808], [0.2126390, 0.7151687, 0.0721923],
     [0.0193308, 0.1191948, 0.9505322]]
)  # fmt: skip
_TO_XYZ /= _TO_XYZ.sum(axis=1, keepdims=True)
_TO_RGB = np.linalg.inv(_TO_XYZ)
_BEND = 6 / 29  # below, CIE's root is a straight line
_SLOPE = 3 * _BEND**2
_OFFSET = 4 / 29


def to_roots(levels: Array) -> Roots:
    """Turn stored pixels into f(X/Xn), f(Y/Yn), f(Z/Zn) of CIE 15, on which L*, a*, b* are linear.

    So a mixture of roots is a mixture in Lab; and to add one number to all three changes the
    lightness and leaves a* and b* alone. The pixels are taken for sRGB, whatever their profile.

    Args:
        levels: uint8 or uint16, RGB (H, W, 3) or gray (H, W, 1).

    Returns:
        float32 of the same shape, in [4/29, 1]; for gray, which has X = Y = Z, one of the three.
    """
    light: Any = _light_of(levels.dtype)[levels]
    if levels.shape[2] == 3:
        light = cv2.transform(light, _TO_XYZ)
    roots: Roots = np.cbrt(light)
    dark = light < _BEND**3
    roots[dark] = light[dark] / _SLOPE + _OFFSET
    return roots


def from_roots(roots: Roots, dtype: np.dtype[Any]) -> Array:
    """Turn roots into stored pixels; colours that no screen has fade, at the same lightness.

    Args:
        roots: float32 (H, W, 3|1), as of `to_roots`.
        dtype: uint8 or uint16.
    """
    light: Any = roots * roots * roots
    dark = roots < _BEND
    light[dark] = (roots[dark] - _OFFSET) * _SLOPE
    if roots.shape[2] == 3:
        luminance = light[..., 1:2]
        light = cv2.transform(light, _TO_RGB)
        _fade(light, luminance)
    encoded: Any = np.power(np.clip(light, 0, 1, out=light), np.float32(1 / 2.4))
    encoded *= 1.055
    encoded -= 0.055
    dark = light < 0.0031308
    encoded[dark] = light[dark] * 12.92
    encoded *= full_scale(dtype)
    return np.asarray(np.rint(encoded, out=encoded).astype(dtype))


def lit(color: Roots, light: Roots) -> Roots:
    """Give colours (their a* and b*) the lightness (the L*) of others; both as of `to_roots`."""
    middle = slice(1, 2) if color.shape[2] == 3 else slice(0, 1)
    return color + (light[..., middle] - color[..., middle])


def _fade(light: NDArray[np.float32], luminance: NDArray[np.float32]) -> None:
    """Draw what lies outside [0, 1] towards the gray of its luminance until it is inside.

    Luminance is linear in RGB, so it stays, and with it L*. Clipping instead changed the L* of the
    sample photographs, lit by themselves and coloured by the embedded model, by up to 13.
    """
    outside = ((light < 0) | (light > 1)).any(axis=2)
    gray = np.clip(luminance[outside], 0, 1)
    color = light[outside] - gray
    room = np.where(color > 0, 1 - gray, gray)
    share = (room / np.maximum(np.abs(color), 1e-12)).min(axis=1, keepdims=True)
    light[outside] = gray + np.minimum(share, 1) * color


@cache
def _light_of(dtype: np.dtype[Any]) -> NDArray[np.float32]:
    """Linear light, 0 to 1, of every stored level."""
    scale = full_scale(dtype)
    stored = np.arange(scale + 1) / scale
    light = np.where(stored <= 0.04045, stored / 12.92, ((stored + 0.055) / 1.055) ** 2.4)
    return light.astype(np.float32)
