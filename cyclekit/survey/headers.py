"""The first look at a pile: names and headers, file by file, nothing decoded, nothing kept."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cyclekit.errors import MediaError, TruncatedError
from cyclekit.media.folders import PICTURE_SUFFIXES, walk_files
from cyclekit.media.glance import ENDINGS, Glance, glance
from cyclekit.survey.problems import Problem

LONGEST = 3.0
"""Longer side over shorter beyond which a picture is long."""
SMALLEST = 64
"""Shorter side, px, below which a picture is small."""
_MAGIC = (
    b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF8", b"BM", b"II*\0", b"MM\0*", b"\0\0\0\x0cjP",
)  # fmt: skip
"""How files begin that are surely meant as pictures."""


@dataclass(frozen=True, slots=True)
class Found:
    """A file of a pile."""

    path: Path
    """The file; or a folder that cannot be listed."""
    header: Glance | None
    """None where there is none: no picture, or broken."""
    size: int
    """Of the file, bytes."""
    problems: tuple[Problem, ...]
    """What is wrong or odd."""


def look_over(folder: Path, pile: int) -> Iterator[Found]:
    """Read names and headers of all files under a folder.

    Args:
        folder: where to look.
        pile: index that problems will carry.
    """
    refused: list[OSError] = []
    for path in walk_files(folder, refused.append):
        yield _looked_at(path, pile)
    for error in refused:
        place = Path(os.fsdecode(error.filename))
        problem = Problem("folder", place, pile, error.strerror or "")
        yield Found(place, None, 0, (problem,))


def _looked_at(path: Path, pile: int) -> Found:
    named = [Problem("name", path, pile, _why_no_text(path.name))] if not is_text(path.name) else []
    is_named = path.suffix.lower() in PICTURE_SUFFIXES
    if not is_named and not _begins_like_a_picture(path):
        return Found(path, None, 0, tuple(named))
    try:
        size = path.stat().st_size
        header = glance(path)
    except (MediaError, OSError) as error:
        return Found(path, None, 0, (*named, unreadable(error, path, pile)))
    if not is_named:
        named.append(Problem("hidden", path, pile, f"holds {header.format}"))
    elif not header.is_called(path.suffix):
        ending = ENDINGS.get(header.format, ("another",))[0]
        named.append(Problem("ending", path, pile, f"holds {header.format}: {ending}"))
    return Found(path, header, size, (*named, *_oddities(path, pile, header)))


def unreadable(error: Exception, path: Path, pile: int) -> Problem:
    """Say why a file cannot be read, without its name."""
    kind = "truncated" if isinstance(error, TruncatedError) else "unreadable"
    words = error.strerror if isinstance(error, OSError) else None
    return Problem(kind, path, pile, words or str(error).removeprefix(f"{path}: "))


def is_text(name: str) -> bool:
    """Say whether a file's name is UTF-8, without control characters."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return name.isprintable()


def _why_no_text(name: str) -> str:
    try:
        name.encode()
    except UnicodeEncodeError:
        return "not UTF-8"
    return "holds a character that cannot be printed"


def _begins_like_a_picture(path: Path) -> bool:
    """Look into files without a picture's ending; what cannot be opened is none."""
    try:
        if not path.is_file():
            return False
        with path.open("rb") as file:
            head = file.read(16)
    except OSError:
        return False
    return head.startswith(_MAGIC) or (head[:4] == b"RIFF" and head[8:12] == b"WEBP")


def _oddities(path: Path, pile: int, header: Glance) -> Iterator[Problem]:
    short, long = sorted((header.width, header.height))
    if long > LONGEST * short:
        yield Problem("long", path, pile, f"{header.width}x{header.height}")
    if short < SMALLEST:
        yield Problem("small", path, pile, f"{header.width}x{header.height}")
    if header.turn != 1:
        yield Problem("turned", path, pile, f"orientation {header.turn}")
    if header.colour in ("CMYK", "Lab"):
        yield Problem("colour", path, pile, header.colour)
    if header.bits != 8:
        yield Problem("depth", path, pile, f"{header.bits} bits")
    if header.alpha:
        yield Problem("alpha", path, pile)
    if header.frames > 1:
        yield Problem("frames", path, pile, f"{header.frames}")
