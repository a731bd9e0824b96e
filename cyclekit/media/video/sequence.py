"""Pictures with a number as a video: `frames/%06d.png`."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from cyclekit.errors import MediaError, UsageError
from cyclekit.media.encode import FORMATS
from cyclekit.media.images import Picture, read, write
from cyclekit.media.picture import Array, Metadata
from cyclekit.media.video.clip import PICTURES, Clip, Frame, Still

FIRST = 1
"""Number of the first picture that is written."""
_NUMBER = re.compile(r"%(0\d*)?d")


class Pattern:
    """A path with one place for a number in its last part, such as `%06d` or `%d`.

    Args:
        path: `%%` stands for a percent sign.

    Raises:
        UsageError: if there is no such place, or more than one.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        pieces = re.split(r"(%(?:0\d*)?d|%%)", path.name)
        places = [piece for piece in pieces if _NUMBER.fullmatch(piece)]
        loose = any("%" in piece for piece in pieces[::2])
        if len(places) != 1 or loose or "%" in str(path.parent).replace("%%", ""):
            raise UsageError(
                f"{path}: expected one place for the number in the last part, such as "
                "frames/%06d.png; write %% for a percent sign"
            )
        self.folder = Path(str(path.parent).replace("%%", "%"))
        self._digits = int(places[0][1:-1] or 0)
        number = next(i for i, piece in enumerate(pieces) if piece == places[0])
        self._before = "".join(pieces[:number]).replace("%%", "%")
        self._after = "".join(pieces[number + 1 :]).replace("%%", "%")

    def name(self, number: int) -> str:
        """Return the file name of a number."""
        return f"{self._before}{number:0{self._digits}d}{self._after}"

    def files(self) -> dict[int, Path]:
        """Find the files that are there, by their number, in its order."""
        shape = re.compile(f"{re.escape(self._before)}(\\d+){re.escape(self._after)}", re.ASCII)
        found = {}
        for path in self.folder.iterdir() if self.folder.is_dir() else ():
            match = shape.fullmatch(path.name)
            if match and self.name(int(match[1])) == path.name and path.is_file():
                found[int(match[1])] = path
        return dict(sorted(found.items()))


def is_pattern(path: Path) -> bool:
    """Whether a path names pictures with a number."""
    return "%" in path.name and not path.exists()


def files_of(path: Path) -> list[Path]:
    """Return the files that a user's name stands for: itself, or pictures with a number."""
    if is_pattern(path):
        return list(Pattern(path).files().values())
    return [path] if path.exists() else []


class PictureSequence:
    """Pictures with a number, shown at a rate.

    Args:
        path: pattern of their names.
        rate: pictures a second.

    Raises:
        MediaError: if there are none, or the first cannot be read.
    """

    def __init__(self, path: Path, rate: Fraction) -> None:
        self.path = path
        self.companions: Path | None = None
        self._files = list(Pattern(path).files().values())
        if not self._files:
            raise MediaError(f"{path}: no picture has such a name")
        first = read(self._files[0])
        self._bad: dict[int, str] = {}
        self.clip = Clip(
            first.width,
            first.height,
            1 / rate,
            rate,
            len(self._files),
            colour=PICTURES,
            depth=8 * first.pixels.itemsize,
            alpha=first.alpha is not None,
        )

    def frames(self) -> Iterator[Frame]:
        """Read all pictures, by number; one that cannot be read repeats the one before."""
        self._bad = {}
        for number in range(len(self._files)):
            yield Frame(number, 1, lambda number=number: self._read(number))  # type: ignore[misc]

    def notes(self) -> tuple[str, ...]:
        """Say which pictures could not be read."""
        if not self._bad:
            return ()
        first = self._bad[min(self._bad)]
        return (f"pictures that repeat the one before: {len(self._bad)}; {first}",)

    def fingerprint(self) -> dict[str, Any]:
        """Return the pattern and a digest of names, sizes and times of change."""
        digest = hashlib.sha256()
        for path in self._files:
            found = path.stat()
            digest.update(f"{path.name}/{found.st_size}/{found.st_mtime_ns}/".encode())
        return {"path": str(self.path.resolve()), "files": digest.hexdigest()}

    def _read(self, number: int) -> Array:
        path = self._files[number]
        try:
            return self._fitting(read(path), path)
        except MediaError as error:
            if number == 0:
                raise
            self._bad[number] = str(error)
            return self._read(number - 1)

    def _fitting(self, picture: Picture, path: Path) -> Array:
        clip = self.clip
        if (picture.width, picture.height) != (clip.width, clip.height):
            size = f"{picture.width}x{picture.height}"
            raise MediaError(f"{path}: it is {size}, the first {clip.width}x{clip.height}")
        pixels: Any = picture.pixels
        if clip.alpha:
            opaque = np.full(pixels.shape[:2], np.iinfo(pixels.dtype).max, pixels.dtype)
            alpha = opaque if picture.alpha is None else picture.alpha
            pixels = np.concatenate([pixels, alpha[..., None]], axis=2)
        return np.asarray(pixels)


def write_picture(path: Path, still: Still) -> None:
    """Write a frame as a picture of the format that the name asks for.

    Raises:
        MediaError: if it cannot be written.
    """
    pixels: Any = still.pixels
    alpha = np.ascontiguousarray(pixels[..., 3]) if pixels.shape[2] == 4 else None
    write(path, Picture(np.ascontiguousarray(pixels[..., :3]), alpha, metadata=Metadata()))


def can_write(path: Path) -> bool:
    """Whether pictures of such a name can be written."""
    return path.suffix.lower() in FORMATS
