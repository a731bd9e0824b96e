"""Copies folders into train and test, without a picture in one that is known from the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cyclekit.data.alike import Labels
from cyclekit.data.fingerprint import Fingerprint, fingerprint
from cyclekit.data.splitting import By, choose_test, group_pictures
from cyclekit.errors import DataError, MediaError, UsageError
from cyclekit.evaluation.ahead import ahead
from cyclekit.media.copying import copy_file
from cyclekit.media.folders import list_pictures
from cyclekit.media.images import read_rgb
from cyclekit.survey.listener import Listener

TRAIN, TEST = "train", "test"


@dataclass(frozen=True)
class Division:
    """What goes where."""

    paths: Sequence[Path]
    """Pictures that can be read."""
    targets: Sequence[Path]
    """Their copies."""
    is_test: Sequence[bool]
    """Which are for testing."""
    labels: Labels
    """Group of each."""
    broken: Sequence[tuple[Path, str]]
    """Pictures that cannot be read, and why."""

    def counts(self, *, test: bool) -> int:
        """Return how many pictures go there."""
        return sum(chosen == test for chosen in self.is_test)

    @property
    def groups(self) -> int:
        """How many groups there are."""
        return len(set(self.labels.tolist()))


@dataclass(frozen=True)
class Placed:
    """What became of one picture."""

    input: Path
    output: Path
    split: str
    """train or test."""
    error: str | None = None
    skipped: bool = False
    notes: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return what applies, ready for JSON."""
        told: dict[str, Any] = {"input": str(self.input)}
        if self.error is not None:
            return told | {"error": self.error}
        return told | {"output": str(self.output), "split": self.split, "skipped": self.skipped}


def divide(
    roots: Sequence[Path], output: Path, share: float, by: Sequence[By], seed: int,
    listener: Listener,
) -> Division:  # fmt: skip
    """Decide what goes where; nothing is written.

    Args:
        roots: a folder a domain; or one of pictures, or of a folder a class.
        output: where the copies will lie: train/NAME and test/NAME, for one root train and test.
        share: of each domain's pictures for testing, 0 to 1.
        by: what keeps pictures together, as for `group_pictures`.
        seed: decides which groups are for testing.
        listener: hears of progress.

    Raises:
        DataError: if a folder does not exist or holds no pictures, or two have one name.
        UsageError: if the output lies in a root, or holds another division.
    """
    _check(roots, output)
    places = [(path, root) for root in roots for path in list_pictures(root)]
    if not places:
        raise DataError(f"{', '.join(map(str, roots))}: no pictures")
    prints: list[Fingerprint] = []
    kept: list[tuple[Path, Path]] = []
    broken: list[tuple[Path, str]] = []
    looked = listener.watch(ahead(_look, places), "looking for copies", len(places))
    for (path, root), seen in zip(places, looked, strict=True):
        if isinstance(seen, str):
            broken.append((path, seen.removeprefix(f"{path}: ")))
        else:
            prints.append(seen)
            kept.append((path, root))
    labels = group_pictures([path for path, _ in kept], prints, by)
    chosen = choose_test(labels, _domains(kept), share, seed)
    targets = [
        output / (TEST if is_test else TRAIN) / _place(path, root, alone=len(roots) == 1)
        for (path, root), is_test in zip(kept, chosen, strict=True)
    ]
    _require_no_leak(output, targets)
    return Division([path for path, _ in kept], targets, chosen, labels, broken)


def place(division: Division, *, overwrite: bool) -> Iterator[Placed]:
    """Copy every picture to where it goes; yield what became of each.

    A picture that is there already is left as it is, unless it is to be overwritten.
    """
    rows = zip(division.paths, division.targets, division.is_test, strict=True)
    for path, target, is_test in rows:
        split = TEST if is_test else TRAIN
        if target.exists() and not overwrite:
            yield Placed(path, target, split, skipped=True)
            continue
        try:
            copy_file(path, target)
        except MediaError as error:
            yield Placed(path, target, split, error=str(error))
            continue
        yield Placed(path, target, split)
    for path, reason in division.broken:
        yield Placed(path, Path(), "", error=reason)


def _check(roots: Sequence[Path], output: Path) -> None:
    made = output.resolve()
    for root in roots:
        if not root.is_dir():
            raise DataError(f"{root}: no such folder")
        if made == root.resolve() or root.resolve() in made.parents:
            raise UsageError(f"-o {output} lies in {root}, which is split; choose another")
    names = [root.resolve().name for root in roots]
    if len(set(names)) < len(names):
        raise DataError(f"two folders are called '{max(names, key=names.count)}'; rename one")


def _require_no_leak(output: Path, targets: Sequence[Path]) -> None:
    """Refuse to put beside an older division what it has on the other side."""
    across = {TRAIN: TEST, TEST: TRAIN}
    for target in targets:
        side, *rest = target.relative_to(output).parts
        if Path(output, across[side], *rest).exists():
            raise UsageError(
                f"-o {output}: holds another division, with {Path(*rest)} in {across[side]}; both "
                "together would leak; choose another folder"
            )


def _look(item: tuple[Path, Path]) -> Fingerprint | str:
    """Return a picture's fingerprint, or why it cannot be read."""
    try:
        return fingerprint(read_rgb(item[0]))
    except MediaError as error:
        return str(error)


def _domains(kept: Sequence[tuple[Path, Path]]) -> list[int]:
    """Number domains: roots, and the folders in them."""
    keys = []
    for path, root in kept:
        inside = path.relative_to(root).parts
        keys.append((root, inside[0] if len(inside) > 1 else ""))
    numbers = {key: number for number, key in enumerate(dict.fromkeys(keys))}
    return [numbers[key] for key in keys]


def _place(path: Path, root: Path, *, alone: bool) -> Path:
    inside = path.relative_to(root)
    return inside if alone else Path(root.resolve().name) / inside
