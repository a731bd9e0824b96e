"""One pile of pictures, or one pile a class, read from the way folders are laid out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from cyclekit.data.layouts import (
    TEST,
    TRAIN,
    Domain,
    check_names,
    is_single_picture,
    name_of,
    require_folders,
    require_piles,
    sources_of,
    split,
)
from cyclekit.data.source import Source
from cyclekit.errors import DataError
from cyclekit.media.folders import natural


def find_single(roots: Sequence[Path], names: Sequence[str] | None = None) -> tuple[Domain]:
    """Find the only domain.

    Args:
        roots: one folder of pictures, all the way down; or of train and test; or a video.
        names: of the domain; None takes the folder's name.

    Raises:
        DataError: if the folder does not exist, or is not one.
        ConfigError: if there is not one name.
    """
    require_piles(roots)
    if len(roots) != 1:
        raise DataError(f"expected one folder of pictures, or one video, got {len(roots)}")
    root = roots[0]
    train, test = _halves(root)
    name = (check_names(names, 1) or [name_of(root)])[0]
    return (split(name, sources_of(train), sources_of(test) if test else ()),)


def find_pile(roots: Sequence[Path], name: str) -> Domain:
    """Find the pictures of one domain in any number of places.

    Args:
        roots: folders as for `find_single`, videos, and single pictures.
        name: of the domain.

    Raises:
        DataError: if one does not exist.
    """
    singles = tuple(root for root in roots if is_single_picture(root))
    piles = [find_single([root])[0] for root in roots if root not in singles]
    alone = split(name, tuple(Source(root) for root in singles), ())
    parts = [*piles, alone]
    train = tuple(source for part in parts for source in part.train)
    held_out = tuple(source for part in parts for source in part.held_out)
    return Domain(name, train, held_out)


def find_classes(roots: Sequence[Path], names: Sequence[str] | None = None) -> tuple[Domain, ...]:
    """Find one domain a class, in the order of their folders' names.

    Args:
        roots: one folder of class folders, or of train and test, which hold class folders; or the
            class folders themselves.
        names: of the classes; None takes the folders' names.

    Raises:
        DataError: if the folders do not exist, or fewer than two hold classes.
        ConfigError: if there is not one name a class.
    """
    require_folders(roots)
    domains = _of_one_root(roots[0]) if len(roots) == 1 else _of_folders(roots, None)
    if len({domain.name for domain in domains}) < len(domains):
        raise DataError("two class folders have the same name; rename one, or give data.names")
    given = check_names(names, len(domains)) or [domain.name for domain in domains]
    return tuple(replace(domain, name=name) for domain, name in zip(domains, given, strict=True))


def _of_one_root(root: Path) -> list[Domain]:
    train, test = _halves(root)
    folders = [path for path in train.iterdir() if path.is_dir() and path.name[0] != "."]
    if len(folders) < 2:
        raise DataError(f"{train}: expected a folder a class, two at least; found {len(folders)}")
    return _of_folders(sorted(folders, key=natural), test)


def _of_folders(folders: Sequence[Path], test: Path | None) -> list[Domain]:
    domains = []
    for folder in folders:
        held_out = test / folder.name if test else None
        aside = sources_of(held_out) if held_out and held_out.is_dir() else ()
        domains.append(split(folder.resolve().name, sources_of(folder), aside))
    return domains


def _halves(root: Path) -> tuple[Path, Path | None]:
    """Return the folders to learn from and to hold out; None where nothing is told apart."""
    for train in TRAIN:
        if (root / train).is_dir():
            return root / train, next((root / t for t in TEST if (root / t).is_dir()), None)
    return root, None
