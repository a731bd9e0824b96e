"""Finds pictures under folders."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path

PICTURE_SUFFIXES = frozenset({
    ".avif", ".bmp", ".gif", ".heic", ".heif", ".jfif", ".jp2", ".jpe", ".jpeg", ".jpg", ".mpo",
    ".pbm", ".pgm", ".png", ".pnm", ".ppm", ".tga", ".tif", ".tiff", ".webp",
})  # fmt: skip
"""Endings, in lower case, by which a folder's pictures are known."""


REPORT_MARK = "cyclekit-report.jsonl"
"""A file that marks its folder as a report: what lies there is about pictures, and is no input."""


def list_pictures(folder: Path, refused: Callable[[OSError], None] | None = None) -> list[Path]:
    """List the pictures under a folder and all folders in it, as `list_files` does."""
    return list_files(folder, PICTURE_SUFFIXES, refused)


def list_files(
    folder: Path, suffixes: frozenset[str], refused: Callable[[OSError], None] | None = None
) -> list[Path]:
    """List the files of some endings under a folder and all folders in it.

    Hidden files and folders are left out, and so are reports; links to folders are followed once;
    2.jpg comes before 10.jpg; letter case of the ending does not matter.

    Args:
        folder: where to look.
        suffixes: endings, in lower case.
        refused: told of every folder that cannot be listed; None raises the first such error.

    Raises:
        NotADirectoryError: if `folder` is no folder.
        OSError: if it, or a folder in it, cannot be listed and nobody is told.
    """
    if not folder.is_dir():
        raise NotADirectoryError(f"{folder} is not a folder")
    found = [path for path in walk_files(folder, refused) if path.suffix.lower() in suffixes]
    return sorted(found, key=natural)


def natural(path: Path) -> tuple[str, ...]:
    """Sort key that reads digits as numbers, part by part."""
    return tuple(map(_natural_part, path.parts))


@lru_cache(maxsize=1024)  # folders come again with every file in them
def _natural_part(part: str) -> str:
    """Put each number's length before it, and a mark before what is none: numbers come first."""
    keys = []
    for piece in re.findall(r"\d+|\D+", part):
        number = str(int(piece)) if piece.isdecimal() else ""
        keys.append(f"\0{chr(len(number))}{number}\0{piece}" if number else f"\1{piece.casefold()}")
    return "".join(keys)


def walk_files(folder: Path, refused: Callable[[OSError], None] | None = None) -> Iterator[Path]:
    """Yield every file under a folder, whatever its ending, as it is found.

    The same files are left out as by `list_files`. Names are in natural order in each folder, and
    only one folder's names are held at a time.

    Args:
        folder: where to look.
        refused: told of every folder that cannot be listed; None raises the first such error.

    Raises:
        OSError: if it, or a folder in it, cannot be listed and nobody is told.
    """
    seen = set()
    for root, folders, names in os.walk(folder, onerror=refused or _raise, followlinks=True):
        real = os.path.realpath(root)
        if real in seen or (REPORT_MARK in names and root != str(folder)):
            folders.clear()
            continue
        seen.add(real)
        folders[:] = sorted(_shown(folders), key=_natural_part)
        place = Path(root)
        yield from (place / name for name in sorted(_shown(names), key=_natural_part))


def _raise(error: OSError) -> None:
    raise error


def _shown(names: list[str]) -> list[str]:
    return [name for name in names if not name.startswith(".")]
