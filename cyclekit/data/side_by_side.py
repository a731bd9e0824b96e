"""Side-by-side pairs to two folders, and back, without a loss."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from cyclekit.data.layouts import TEST, TRAIN
from cyclekit.errors import DataError, MediaError, UsageError
from cyclekit.media.folders import list_pictures
from cyclekit.media.images import Array, Picture, read, write

ENDING = ".png"
"""Of what is written: JPEG would lose something each time."""


@dataclass(frozen=True)
class Made:
    """What became of one pair."""

    input: Path
    """The pair, or its first picture."""
    outputs: tuple[Path, ...] = ()
    """What was written, or was there already."""
    error: str | None = None
    """Why nothing was."""
    skipped: bool = False
    """Whether it was there already."""
    notes: tuple[str, ...] = ()
    """What the user should know."""

    @property
    def output(self) -> Path:
        """The first file that was written."""
        return self.outputs[0] if self.outputs else Path()

    def as_dict(self) -> dict[str, Any]:
        """Return what applies, ready for JSON."""
        told: dict[str, Any] = {"input": str(self.input)}
        if self.error is not None:
            return told | {"error": self.error}
        return told | {"outputs": [str(one) for one in self.outputs], "skipped": self.skipped}


def split_pairs(
    folder: Path, output: Path, names: tuple[str, str], *, overwrite: bool = False
) -> Iterator[Made]:
    """Cut every picture in the middle.

    What lies in a folder such as "train" goes to train/NAME1 and train/NAME2, which training takes;
    all else to NAME1 and NAME2.

    Args:
        folder: of the pairs, all the way down.
        output: where to.
        names: of the left and the right halves.
        overwrite: make again what is there.

    Yields:
        What became of each, as it is done.

    Raises:
        DataError: if there is no picture.
        UsageError: if the output lies in the folder, or the names are not two plain ones.
    """
    _require_apart(output, folder)
    if names[0] == names[1] or any(name in ("", "..") or Path(name).name != name for name in names):
        raise UsageError(f"--names {' '.join(names)}: expected two different names of folders")
    taken: dict[Path, Path] = {}
    for path, place in _pictures(folder):
        first = taken.setdefault(place.with_suffix(""), path)
        if first != path:
            yield Made(path, error=f"its halves would have the names of those of {first}")
            continue
        split, rest = (place.parts[0], place.parts[1:]) if _is_split(place) else ("", place.parts)
        targets = [output / split / name / Path(*rest) for name in names]
        yield _made(path, targets, lambda path=path: _halves(path), overwrite=overwrite)


def join_pairs(left: Path, right: Path, output: Path, *, overwrite: bool = False) -> Iterator[Made]:
    """Lay pictures of the same names side by side.

    Args:
        left: a folder.
        right: another one; a name's ending does not count.
        output: where to.
        overwrite: make again what is there.

    Yields:
        What became of each, as it is done; a picture without a partner is an error.

    Raises:
        DataError: if one has no picture.
        UsageError: if the output lies in one of them.
    """
    _require_apart(output, left, right)
    partners = {place.with_suffix(""): path for path, place in _pictures(right)}
    for path, place in _pictures(left):
        partner = partners.pop(place.with_suffix(""), None)
        if partner is None:
            yield Made(path, error=f"no picture of that name in {right}")
            continue
        both = (path, partner)
        yield _made(path, [output / place], lambda both=both: [_joined(*both)], overwrite=overwrite)
    for partner in partners.values():
        yield Made(partner, error=f"no picture of that name in {left}")


def _require_apart(output: Path, *folders: Path) -> None:
    """Refuse to write among the inputs: the next call would take its own outputs."""
    for folder in folders:
        if folder.resolve() in (output.resolve(), *output.resolve().parents):
            raise UsageError(f"-o {output} lies in {folder}, which is read; choose another")


def _pictures(folder: Path) -> list[tuple[Path, Path]]:
    """List pictures and their places below a folder."""
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder")
    found = [(path, path.relative_to(folder)) for path in list_pictures(folder)]
    if not found:
        raise DataError(f"{folder}: no pictures in this folder")
    return found


def _is_split(place: Path) -> bool:
    return len(place.parts) > 1 and place.parts[0] in (*TRAIN, *TEST)


def _made(path: Path, targets: Sequence[Path], make: Any, *, overwrite: bool) -> Made:
    outputs = tuple(target.with_name(f"{target.stem}{ENDING}") for target in targets)
    if not overwrite and all(output.exists() for output in outputs):
        return Made(path, outputs, skipped=True)
    try:
        for output, picture in zip(outputs, make(), strict=True):
            write(output, picture)
    except MediaError as error:
        return Made(path, error=str(error).removeprefix(f"{path}: "))
    return Made(path, outputs)


def _halves(path: Path) -> list[Picture]:
    picture = read(path)
    if picture.width % 2:
        raise MediaError(f"{path}: {picture.width} px wide, which has no middle")
    middle = picture.width // 2
    return [_part(picture, slice(0, middle)), _part(picture, slice(middle, None))]


def _part(picture: Picture, columns: slice) -> Picture:
    alpha = None if picture.alpha is None else _cut(picture.alpha, columns)
    return replace(picture, pixels=_cut(picture.pixels, columns), alpha=alpha)


def _cut(array: Array, columns: slice) -> Array:
    result: Any = np.ascontiguousarray(array[:, columns])
    return np.asarray(result)


def _joined(left: Path, right: Path) -> Picture:
    one, other = read(left), read(right)
    if (one.width, one.height) != (other.width, other.height):
        sizes = f"{one.width}x{one.height}, but {right} is {other.width}x{other.height}"
        raise MediaError(f"{left}: {sizes}; make them the same size")
    if one.pixels.dtype != other.pixels.dtype:
        raise MediaError(f"{left}: has other bits a channel than {right}")
    alpha = _beside(_opacity(one), _opacity(other)) if _is_clear(one, other) else None
    pixels = _beside(one.pixels, other.pixels)
    return replace(one, pixels=pixels, alpha=alpha, gray=one.gray and other.gray)


def _is_clear(one: Picture, other: Picture) -> bool:
    return one.alpha is not None or other.alpha is not None


def _opacity(picture: Picture) -> Array:
    if picture.alpha is not None:
        return picture.alpha
    most = np.iinfo(picture.pixels.dtype).max
    return np.full(picture.pixels.shape[:2], most, picture.pixels.dtype)


def _beside(left: Array, right: Array) -> Array:
    result: Any = np.concatenate([left, right], axis=1)
    return np.asarray(result)
