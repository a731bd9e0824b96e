"""Which pictures files, folders and patterns name."""

from __future__ import annotations

import errno
import glob
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cyclekit.media.folders import list_pictures, natural


@dataclass(frozen=True, slots=True)
class Found:
    """One picture, or why there is none."""

    path: Path
    """The file, or what was given instead of one."""
    root: Path | None = None
    """The folder that was given, or the fixed part of a pattern; None if it was the file itself."""
    error: str | None = None
    """Why it cannot be read at all; None if it can be tried."""

    @property
    def place(self) -> Path:
        """Where it belongs below the output folder, with its own ending."""
        return place_of(self.path, self.root)


def place_of(path: Path, root: Path | None) -> Path:
    """Return where a file lies below a folder; its name alone if there is none."""
    return Path(path.name) if root is None else path.relative_to(root)


def find(
    inputs: Sequence[Path],
    output: Path,
    masks: Collection[Path] = (),
    passed_over: Callable[[Path], object] = lambda path: None,
) -> Iterator[Found]:
    """Find every picture that the inputs name, in their order, folders in natural order.

    Args:
        inputs: files, folders (with all folders in them) and glob patterns.
        output: a folder; what lies in it is no input.
        masks: resolved files that are no inputs where a folder or a pattern holds others.
        passed_over: hears of each mask that is no input for that reason.

    Yields:
        What was found; a file as often as it is named.
    """
    for entry in inputs:
        problem = _problem(entry)
        if problem is None and entry.is_dir():
            yield from _in_folder(entry, output, masks, passed_over)
        elif problem is not None and glob.has_magic(str(entry)):
            yield from _matching(entry, output, masks, passed_over)
        else:
            yield Found(entry, error=problem)


def real(path: Path) -> str:
    """Follow every link; unlike `Path.resolve`, end where links run in a circle."""
    return os.path.realpath(path)


def _problem(path: Path) -> str | None:
    try:
        path.stat()
    except OSError as error:
        absent = error.errno in (errno.ENOENT, errno.ENOTDIR)
        return "no such file or folder" if absent else error.strerror
    return None


def _in_folder(
    folder: Path, output: Path, masks: Collection[Path], passed_over: Callable[[Path], object]
) -> Iterator[Found]:
    refused: list[OSError] = []
    inside = _unmasked(
        _outside(list_pictures(folder, refused.append), folder, output), masks, passed_over
    )
    yield from (Found(path, folder) for path in inside)
    for error in refused:
        reason = f"this folder cannot be listed: {error.strerror}"
        yield Found(Path(error.filename), folder, reason)
    if not inside and not refused:
        yield Found(folder, error="no pictures in this folder")


def _outside(paths: Iterable[Path], root: Path, output: Path) -> list[Path]:
    """Leave out what lies in the output folder, unless all of the input does."""
    whole, made = (f"{real(folder).rstrip(os.sep)}{os.sep}" for folder in (root, output))
    if whole.startswith(made):
        return list(paths)
    return [path for path in paths if not real(path).startswith(made)]


def _unmasked(
    paths: list[Path], masks: Collection[Path], passed_over: Callable[[Path], object]
) -> list[Path]:
    """Leave masks out, unless there is nothing else."""
    names = set(map(str, masks))
    kept = [path for path in paths if not names or real(path) not in names]
    if not kept:
        return paths
    for path in set(paths) - set(kept):
        passed_over(path)
    return kept


def _matching(
    pattern: Path, output: Path, masks: Collection[Path], passed_over: Callable[[Path], object]
) -> Iterator[Found]:
    fixed = next(parent for parent in pattern.parents if not glob.has_magic(str(parent)))
    matches = (Path(name) for name in glob.glob(str(pattern), recursive=True))  # noqa: PTH207 (absolute patterns)
    files = sorted((path for path in matches if not path.is_dir()), key=natural)
    inside = _unmasked(_outside(files, fixed, output), masks, passed_over)
    yield from (Found(path, fixed) for path in inside)
    if not inside:
        yield Found(pattern, error="no file matches this pattern")
