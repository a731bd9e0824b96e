"""Which pictures belong to which of two domains, read from the way folders are laid out."""

from __future__ import annotations

import glob
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from cyclekit.data.films import FILM_SUFFIXES, frames_of, is_film
from cyclekit.data.source import Source
from cyclekit.errors import ConfigError, DataError, MediaError
from cyclekit.media.folders import PICTURE_SUFFIXES, list_files, list_pictures, natural
from cyclekit.media.images import read_rgb


@dataclass(frozen=True)
class Domain:
    """One pile of pictures."""

    name: str
    """What the pictures show: "horse"."""
    train: tuple[Source, ...]
    """Pictures to learn from."""
    held_out: tuple[Source, ...]
    """Pictures that training never sees; shown on sample sheets."""
    least: int = 2
    """How many usable pictures it needs; 1 where it was given as a single picture."""


TRAIN, TEST = ("train", "training"), ("test", "val", "valid", "validation")
LOOKED_AT = 20
"""Pictures of a plain folder whose shape tells whether they are side-by-side pairs."""
HELD_OUT = 4
"""Pictures set aside where a domain has no test folder, if it has many more."""


def find_domains(
    roots: Sequence[Path], names: Sequence[str] | None = None
) -> tuple[Domain, Domain]:
    """Find both domains.

    Args:
        roots: two folders, videos or single pictures, one a domain; or one folder that holds trainA
            and trainB, or train/NAME1 and train/NAME2, or side-by-side pairs (left is the first).
        names: of the domains; None takes the folders' names.

    Raises:
        DataError: if the folders do not exist or are laid out otherwise.
    """
    require_piles([root for root in roots if len(roots) != 2 or not is_single_picture(root)])
    if len(roots) == 2 and roots[0].resolve() == roots[1].resolve():
        raise DataError(f"{roots[0]}: both domains are the same; give two")
    if len(roots) == 2:
        domains = _given(roots[0]), _given(roots[1])
    elif len(roots) == 1:
        require_folders(roots)
        domains = _one_root(roots[0])
    else:
        raise DataError(f"expected one or two folders of pictures or videos, got {len(roots)}")
    first, second = check_names(names, 2) or (domains[0].name, domains[1].name)
    if first == second:
        first, second = f"{first}-A", f"{second}-B"
    return replace(domains[0], name=first), replace(domains[1], name=second)


def require_folders(roots: Sequence[Path]) -> None:
    """Refuse what is no folder.

    Raises:
        DataError: naming the first.
    """
    for root in roots:
        if not root.is_dir():
            raise DataError(f"{root}: no such folder")


def require_piles(roots: Sequence[Path]) -> None:
    """Refuse what is neither a folder, nor a video, nor a pattern of videos.

    Raises:
        DataError: naming the first.
    """
    for root in roots:
        if not root.is_dir() and not films_of(root):
            wrong = "neither a folder nor a video" if root.exists() else "no such folder or video"
            raise DataError(f"{root}: {wrong}")


def films_of(root: Path) -> list[Path]:
    """Return the videos that a root names: itself, or those that fit a pattern such as zebra*.mp4."""
    if is_film(root):
        return [root]
    if root.exists() or not glob.has_magic(str(root)):
        return []
    matches = glob.glob(str(root), recursive=True)  # noqa: PTH207 (absolute patterns)
    return sorted(filter(is_film, map(Path, matches)), key=natural)


def name_of(root: Path) -> str:
    """Return what a pile is called: the folder's name, or the video's without its ending."""
    if root.is_dir():
        return root.resolve().name
    return re.sub(r"[^\w-]+", "", root.stem).strip("-_") or "videos"


def check_names(names: Sequence[str] | None, count: int) -> Sequence[str] | None:
    """Return the names if there is one a domain.

    Raises:
        ConfigError: if there are more or fewer.
    """
    if names is not None and len(names) != count:
        raise ConfigError(f"data.names: expected {count}, one a domain, got {len(names)}")
    return names


def sources_of(root: Path) -> tuple[Source, ...]:
    """Return all pictures of a pile, and of its videos all frames that show something new.

    Args:
        root: a folder, all the way down; a video; or a pattern of videos.
    """
    if not root.is_dir():
        return tuple(frame for film in films_of(root) for frame in frames_of(film))
    sources: list[Source] = []
    for path in list_files(root, PICTURE_SUFFIXES | FILM_SUFFIXES):
        film = path.suffix.lower() in FILM_SUFFIXES
        sources += frames_of(path) if film else (Source(path),)
    return tuple(sources)


def split(name: str, train: tuple[Source, ...], held_out: tuple[Source, ...]) -> Domain:
    """Make a domain; where nothing is held out, set a few of many pictures aside."""
    if not held_out and len(train) > 10 * HELD_OUT:
        train, held_out = train[:-HELD_OUT], train[-HELD_OUT:]
    return Domain(name, train, held_out)


def is_single_picture(root: Path) -> bool:
    """Say whether a root is a picture's file, by its ending."""
    return root.is_file() and root.suffix.lower() in PICTURE_SUFFIXES and not is_film(root)


def _given(root: Path) -> Domain:
    if is_single_picture(root):
        return Domain(root.stem, (Source(root),), (), least=1)
    return split(name_of(root), sources_of(root), ())


def _one_root(root: Path) -> tuple[Domain, Domain]:
    for train in TRAIN:
        if (root / f"{train}A").is_dir() and (root / f"{train}B").is_dir():
            return _lettered(root, train, "A"), _lettered(root, train, "B")
        if (root / train).is_dir():
            return _inside(root, train)
    pictures = list_pictures(root)
    if pictures and all(_is_wide(path) for path in pictures[:LOOKED_AT]):
        return _pairs(root.name, sources_of(root), ())
    raise DataError(
        f"{root}: expected trainA and trainB, or train/NAME1 and train/NAME2, "
        "or side-by-side pairs, at least 1.5 times as wide as high; or give two folders"
    )


def _lettered(root: Path, train: str, letter: str) -> Domain:
    tests = [root / f"{test}{letter}" for test in TEST]
    held_out = next((sources_of(test) for test in tests if test.is_dir()), ())
    return split(letter, sources_of(root / f"{train}{letter}"), held_out)


def _inside(root: Path, train: str) -> tuple[Domain, Domain]:
    folders = sorted(path for path in (root / train).iterdir() if path.is_dir())
    test = next((root / test for test in TEST if (root / test).is_dir()), None)
    if not folders:
        return _pairs(root.name, sources_of(root / train), sources_of(test) if test else ())
    if len(folders) != 2:
        found = ", ".join(folder.name for folder in folders)
        raise DataError(f"{root / train}: expected two folders, one a domain; found {found}")
    a, b = (
        split(
            folder.name,
            sources_of(folder),
            sources_of(test / folder.name) if test and (test / folder.name).is_dir() else (),
        )
        for folder in folders
    )
    return a, b


def _is_wide(path: Path) -> bool:
    """Say whether a picture may be a side-by-side pair; one that cannot be read may be."""
    try:
        height, width = read_rgb(path).shape[:2]
    except MediaError:
        return True
    return bool(width >= 1.5 * height)


def _pairs(
    name: str, train: tuple[Source, ...], held_out: tuple[Source, ...]
) -> tuple[Domain, Domain]:
    left, right = (
        split(
            f"{name}-{half}",
            tuple(replace(source, half=half) for source in train),
            tuple(replace(source, half=half) for source in held_out),
        )
        for half in ("left", "right")
    )
    return left, right
