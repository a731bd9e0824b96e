"""Picture files of every kind that is read, drawn by hypothesis, and what a viewer shows of them."""

import io
from typing import Any

import numpy as np
from hypothesis import strategies as st
from PIL import Image

from tests.media.files import Levels, plain_bmp, plain_png, plain_ppm, plain_tiff
from tests.media.told import (
    TOLD,
    Told,
    exif_of,
    icc_of,
    png_chunks,
    png_text,
    tiff_tags,
    told,
    xmp_of,
)  # fmt: skip

KINDS = [
    *(f"png {mode}" for mode in ("1", "L", "LA", "RGB", "RGBA", "P", "P+")),
    *(f"png {mode}" for mode in ("L16", "LA16", "RGB16", "RGBA16")),
    *(f"jpg {mode}" for mode in ("L", "RGB")),
    *(f"webp {mode}" for mode in ("RGB", "RGBA")),
    *(f"tif {mode}" for mode in ("1", "L", "LA", "RGB", "RGBA", "P")),
    *(f"tif {mode}" for mode in ("L16", "RGB16", "RGBA16")),
    *(f"bmp {mode}" for mode in ("1", "L", "RGB", "RGBA", "P")),
    *(f"tga {mode}" for mode in ("L", "LA", "RGB", "RGBA", "P")),
    *(f"ppm {mode}" for mode in ("L", "RGB", "RGB16")),
]
"""Ending and mode: with P+, some colours of the palette are transparent."""


@st.composite
def pictures(draw: st.DrawFn) -> tuple[str, Levels, Told]:
    kind = draw(st.sampled_from(KINDS))
    return kind, draw(levels(kind)), draw(told(kind))


@st.composite
def levels(draw: st.DrawFn, kind: str) -> Levels:
    """Draw stored levels (H, W, C): noise, one colour, or (for JPEG always) a slope."""
    sides = draw(st.integers(1, 3000) | st.integers(1, 60)), draw(st.integers(1, 40))
    height, width = sides if draw(st.booleans()) else sides[::-1]
    suffix, mode = kind.split()
    styles = ["slope"] if suffix == "jpg" else ["noise", "noise", "flat", "slope"]
    return stored(mode, height, width, draw(st.sampled_from(styles)), draw(st.integers(0, 99)))


def stored(mode: str, height: int, width: int, style: str = "noise", seed: int = 0) -> Levels:
    channels = {"1": 1, "L": 1, "LA": 2, "RGB": 3, "RGBA": 4, "P": 1, "P+": 1}[
        mode.removesuffix("16")
    ]
    depth = np.uint16 if mode.endswith("16") else np.uint8
    full = 1 if mode == "1" else np.iinfo(depth).max
    draws = np.random.default_rng(seed)
    shape = (height, width, channels)
    if style == "noise":
        return draws.integers(0, full, shape, endpoint=True).astype(depth)
    if style == "flat":
        return np.full(shape, draws.integers(0, full, channels, endpoint=True), depth)
    across = np.linspace(0, 1, width)[None, :, None] * draws.random(channels)
    down = np.linspace(0, 1, height)[:, None, None] * draws.random(channels)
    return np.rint((across + down) / 2 * full).astype(depth)


def encode(kind: str, pixels: Levels, says: Told) -> bytes:
    suffix, mode = kind.split()
    exif = exif_of(says)
    if mode.endswith("16") or kind == "png LA16":
        if suffix == "png":
            return plain_png(pixels, png_chunks(says, exif, icc_of(kind, says)))
        if suffix == "ppm":
            return plain_ppm(pixels)
        return plain_tiff(pixels, tiff_tags(says, exif, icc_of(kind, says)), says.order)
    if kind == "bmp RGBA":
        return plain_bmp(pixels)
    file = io.BytesIO()
    as_image(mode, pixels).save(file, **saved_with(kind, says, exif))
    return file.getvalue()


def as_image(mode: str, pixels: Levels) -> Image.Image:
    if mode == "1":
        return Image.fromarray(pixels[..., 0] * 255).convert("1")
    flat = pixels[..., 0] if pixels.shape[2] == 1 else pixels
    image = Image.fromarray(flat)
    if mode.startswith("P"):
        image.putpalette(palette().tobytes())
    return image


def palette() -> Levels:
    return np.random.default_rng(1).integers(0, 256, (256, 3)).astype(np.uint8)


def clear_colors() -> bytes:
    return bytes(np.random.default_rng(2).integers(0, 256, 256).astype(np.uint8))


def saved_with(kind: str, says: Told, exif: Image.Exif) -> dict[str, Any]:
    suffix, mode = kind.split()
    formats = {"jpg": "JPEG", "tif": "TIFF"}
    options: dict[str, Any] = {"format": formats.get(suffix, suffix.upper())}
    if suffix in TOLD:
        options |= {"exif": exif} if len(exif) else {}
        options |= {"icc_profile": icc} if (icc := icc_of(kind, says)) else {}
        options |= {"dpi": says.dpi} if says.dpi else {}
    if suffix == "jpg":
        options |= {"quality": 95, "subsampling": 0, "comment": says.text.get("Comment", "")}
    if suffix == "webp":
        options |= {"lossless": True, "exact": True}
    if suffix in ("jpg", "webp") and says.xmp is not None:
        options["xmp"] = xmp_of(says)
    if suffix == "tif":
        options["compression"] = "raw" if mode == "1" else says.compression
        if says.xmp is not None:
            exif[700] = xmp_of(says)
            options["exif"] = exif
    if suffix == "png":
        options["pnginfo"] = png_text(says)
    if mode == "P+":
        options["transparency"] = clear_colors()
    return options


def shown(kind: str, pixels: Levels, says: Told) -> Levels:
    """Give what a viewer shows, (H, W, C), by the definition of EXIF's orientations."""
    mode = kind.split()[1]
    if mode == "1":
        pixels = pixels * np.uint8(255)
    if mode.startswith("P"):
        number = pixels[..., 0]
        clear = np.frombuffer(clear_colors(), np.uint8)[number][..., None]
        pixels = palette()[number]
        pixels = np.dstack([pixels, clear]) if mode == "P+" else pixels
    turn = says.orientation or 1
    down, across = turn in (3, 4, 7, 8), turn in (2, 3, 6, 7)
    upright = pixels.swapaxes(0, 1) if turn > 4 else pixels
    return upright[:: -1 if down else 1, :: -1 if across else 1]
