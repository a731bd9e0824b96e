"""Pixels of every kind of picture file, as upright RGB with alpha."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cyclekit.media import deep
from cyclekit.media.metadata import forget_texts, orientation
from cyclekit.media.picture import Array, turned

if TYPE_CHECKING:
    from PIL import Image, ImageCms, ImageFile

_GRAY_MODES = {"1", "L", "LA", "La", "I", "I;16", "I;16B", "I;16L", "I;16N"}
_ALPHA_MODES = {"LA", "La", "PA", "RGBA", "RGBa"}


def pixels(path: Path, image: ImageFile.ImageFile) -> tuple[Array, Array | None, bool]:
    """Decode the current frame.

    Args:
        path: the file, for what Pillow cannot decode without loss.
        image: the same file, opened by Pillow.

    Returns:
        Upright RGB (H, W, 3); alpha (H, W) of the same type or None; whether the file is gray.

    Raises:
        ValueError: if the kind of pixel has no defined black and white.
    """
    if image.format == "TIFF" and image.info.get("compression") == "webp":
        raise ValueError("TIFF with WebP compression, which is not supported")  # libtiff would chat
    forget_texts(image)
    gray = image.mode in _GRAY_MODES
    if image.mode.startswith("I"):
        rgb, alpha = _gray16(image)
    elif deep.is_deep(image):
        gray = deep.stored_mode(image).startswith("L")  # LA;16B opens as RGBA
        rgb, alpha = _split(deep.decode(path, image))
    else:
        rgb, alpha = _color8(image)
    turn = orientation(image)  # only now: Pillow turns a TIFF, and forgets its tag, as it decodes
    if image.mode in ("P", "PA") and "icc_profile" not in image.info:  # it would be of colour
        gray = bool((rgb == rgb[..., :1]).all())
    return turned(rgb, turn), None if alpha is None else turned(alpha, turn), gray


def _gray16(image: Image.Image) -> tuple[Array, Array | None]:
    levels = np.asarray(image)
    if levels.min() < 0 or levels.max() > 65535:
        raise ValueError("32-bit pixels have no defined white; save it as 8 or 16 bits")
    levels = levels.astype(np.uint16)
    clear = image.info.get("transparency")
    alpha = np.where(levels == clear, 0, 65535).astype(np.uint16) if clear is not None else None
    return np.repeat(levels[..., None], 3, axis=2), alpha


def _color8(image: Image.Image) -> tuple[Array, Array | None]:
    if image.mode == "F":
        raise ValueError("floating-point pixels have no defined white; save it as 8 or 16 bits")
    if image.mode in _ALPHA_MODES or "transparency" in image.info:
        stored = np.asarray(image.convert("RGBA"))
        return _split(stored)
    return np.array(_to_srgb(image)), None


def _split(stored: Any) -> tuple[Array, Array | None]:
    color: Array = np.ascontiguousarray(stored[..., :3])
    if stored.shape[2] == 3:
        return color, None
    alpha: Array = np.ascontiguousarray(stored[..., 3])
    return color, alpha


def _to_srgb(image: Image.Image) -> Image.Image:
    """Bring CMYK and Lab to sRGB by their profile; leave RGB in its own colour space."""
    if image.mode not in ("CMYK", "LAB"):
        return image if image.mode == "RGB" else image.convert("RGB")
    from PIL import ImageCms

    image.load()  # what is damaged is the file's fault, not the profile's
    profile = _source_profile(image)
    if profile is None:
        return image.convert("RGB")
    try:
        converted = ImageCms.profileToProfile(
            image, profile, ImageCms.createProfile("sRGB"), outputMode="RGB"
        )
    except ImageCms.PyCMSError:  # a profile of other pixels than these
        return image.convert("RGB")
    if converted is None:
        raise ValueError(f"no conversion from {image.mode} to sRGB")
    return converted


def _source_profile(image: Image.Image) -> ImageCms.ImageCmsProfile | None:
    from PIL import ImageCms

    if image.mode == "LAB":
        return ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
    try:
        return ImageCms.ImageCmsProfile(io.BytesIO(image.info["icc_profile"]))
    except (KeyError, OSError):
        return None
