"""Which folders of a dataset are looked at, and what each is for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cyclekit.data.layouts import TEST, TRAIN, require_folders
from cyclekit.errors import DataError
from cyclekit.media.folders import natural


@dataclass(frozen=True)
class Pile:
    """Pictures of one domain and one split."""

    domain: str
    """What they show: the folder's name, or A or B."""
    split: str
    """Name of the folder that says so: "train", "test", "val"; empty where nothing is split."""
    folder: Path
    """Where they lie."""
    place: Path
    """Where they lie below a copy of the dataset."""

    @property
    def name(self) -> str:
        """Domain and split, to be read."""
        return f"{self.domain} ({self.split})" if self.split else self.domain

    @property
    def is_test(self) -> bool:
        """Whether training must not see them."""
        return self.split in TEST


def find_piles(roots: Sequence[Path]) -> tuple[Pile, ...]:
    """Find the piles of a dataset.

    Args:
        roots: one folder a domain, each with train and test in it or not; or one folder that holds
            trainA and trainB, or train/NAME1 and train/NAME2 and so on, and tests likewise.

    Raises:
        DataError: if a folder does not exist, is named twice, or two domains have one name.
    """
    require_folders(roots)
    if len({root.resolve() for root in roots}) < len(roots):
        raise DataError(f"{roots[0]}: a folder is named twice; give each once")
    piles = [pile for root in roots for pile in _in_root(root, alone=len(roots) == 1)]
    names = [pile.name for pile in piles]
    for name in names:
        if names.count(name) > 1:
            raise DataError(f"two folders are both called '{name}'; rename one")
    return tuple(piles)


def _in_root(root: Path, *, alone: bool) -> Iterator[Pile]:
    name = root.resolve().name
    top = Path() if alone else Path(name)
    for split in (*TRAIN, *TEST):
        for letter in "AB":
            folder = root / f"{split}{letter}"
            if folder.is_dir():
                yield Pile(letter, split, folder, top / folder.name)
    if any((root / f"{split}{letter}").is_dir() for split in TRAIN for letter in "AB"):
        return
    if not any((root / split).is_dir() for split in TRAIN):
        yield Pile(name, "", root, top)
        return
    for split in (*TRAIN, *TEST):
        if (root / split).is_dir():
            yield from _in_split(root / split, name, split, top / split)


def _in_split(folder: Path, name: str, split: str, place: Path) -> Iterator[Pile]:
    inside = [path for path in folder.iterdir() if path.is_dir() and path.name[0] != "."]
    for path in sorted(inside, key=natural):
        yield Pile(path.name, split, path, place / path.name)
    if not inside:
        yield Pile(name, split, folder, place)
