"""Finds the mask of every picture: one file for all, a file for each, or the picture's alpha."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from cyclekit.errors import MediaError, UsageError
from cyclekit.inference.fit import resized
from cyclekit.media.folders import list_pictures
from cyclekit.media.images import Picture, read
from cyclekit.pixels import Array, full_scale

ALPHA = "alpha"
"""What stands for a file's name where the picture's own opacity is the mask."""


class Masks(Protocol):
    """Where masks come from."""

    @property
    def files(self) -> frozenset[Path]:
        """The files that are read, resolved: nothing may be written over them."""

    def of(self, picture: Picture, place: Path) -> tuple[Array, str]:
        """Find the mask of a picture.

        Args:
            picture: as it was read, upright.
            place: where it lies below its input folder; the file's name if it was named itself.

        Returns:
            uint8 or uint16 (h, w) of any size, white where to translate; its name for messages.

        Raises:
            MediaError: if there is none for this picture.
        """


def find_masks(source: str) -> Masks:
    """Open what `--mask` names.

    Args:
        source: "alpha"; a picture, for all; or a folder with pictures of the same relative names,
            whatever their endings.

    Raises:
        UsageError: if there is no such file, or no picture in it.
    """
    path = Path(source)
    if source == ALPHA:
        return _Alpha()
    if path.is_dir():
        return _folder(path)
    if not path.exists():
        hint = f"expected a picture, a folder of pictures, or '{ALPHA}'"
        raise UsageError(f"mask {path}: no such file or folder; {hint}")
    try:
        return _Single(path, read_mask(path))
    except MediaError as error:
        raise UsageError(f"mask {error}") from error


def stretched(
    mask: Array, name: str, picture: Picture, size: tuple[int, int]
) -> tuple[Array, tuple[str, ...]]:
    """Stretch a mask over a picture.

    Args:
        mask: (h, w).
        name: what to call it.
        picture: the picture as it was read, whose shape the mask should have.
        size: width and height at which the picture is translated.

    Returns:
        The mask, (height, width), and notes on what the user may not have meant.
    """
    notes = []
    height, width = mask.shape
    if not _same_shape((width, height), (picture.width, picture.height)):
        seen = f"{width}x{height} beside {picture.width}x{picture.height}"
        notes.append(f"{name} has another shape than the picture ({seen}) and is stretched")
    brightest, white = int(mask.max()), full_scale(mask.dtype)
    if 2 * brightest < white:
        effect = "hardly anything" if brightest else "nothing"
        notes.append(f"{name} is {brightest} of {white} at its brightest: {effect} is translated")
    return resized(mask, *size), tuple(notes)


def _same_shape(one: tuple[int, int], other: tuple[int, int]) -> bool:
    """Whether one size is the other, scaled, to within a pixel."""
    (width, height), (columns, rows) = min(one, other), max(one, other)
    return abs(width * rows / columns - height) <= 1 or abs(height * columns / rows - width) <= 1


@dataclass(frozen=True)
class _Alpha:
    files: frozenset[Path] = frozenset()

    def of(self, picture: Picture, place: Path) -> tuple[Array, str]:
        if picture.alpha is None:
            raise MediaError("it has no alpha channel to take as its mask")
        return picture.alpha, "its alpha channel"


@dataclass(frozen=True)
class _Single:
    path: Path
    levels: Array

    @property
    def files(self) -> frozenset[Path]:
        return frozenset({self.path.resolve()})

    def of(self, picture: Picture, place: Path) -> tuple[Array, str]:
        return self.levels, f"mask {self.path}"


@dataclass(frozen=True)
class _Folder:
    path: Path
    by_stem: Mapping[Path, list[Path]]

    @property
    def files(self) -> frozenset[Path]:
        return frozenset(path.resolve() for paths in self.by_stem.values() for path in paths)

    def of(self, picture: Picture, place: Path) -> tuple[Array, str]:
        stem = place.with_suffix("")
        found = self.by_stem.get(stem, [])
        if len(found) > 1:  # photo.jpg beside photo.png: the picture's own ending decides
            found = [path for path in found if path.suffix == place.suffix] or found
        if len(found) > 1:
            names = " and ".join(path.name for path in found)
            raise MediaError(f"more than one mask for it: {names}; keep one")
        if not found:
            raise MediaError(f"no mask for it: expected {self.path / stem} with a picture's ending")
        try:
            return read_mask(found[0]), f"mask {found[0]}"
        except MediaError as error:
            raise MediaError(f"its mask {error}") from error


def _folder(path: Path) -> _Folder:
    by_stem: dict[Path, list[Path]] = {}
    for file in list_pictures(path):
        by_stem.setdefault(file.relative_to(path).with_suffix(""), []).append(file)
    if not by_stem:
        raise UsageError(f"mask {path}: no pictures in this folder")
    return _Folder(path, by_stem)


def read_mask(path: Path) -> Array:
    """Read a mask, upright: lightness of colours, and what is transparent is black.

    Returns:
        uint8 or uint16 (h, w).

    Raises:
        MediaError: if it cannot be read.
    """
    import cv2

    picture = read(path)
    levels: Any = cv2.cvtColor(picture.pixels, cv2.COLOR_RGB2GRAY)
    if picture.alpha is not None:
        levels = cv2.multiply(levels, picture.alpha, scale=1 / full_scale(picture.alpha.dtype))
    return np.asarray(levels)
