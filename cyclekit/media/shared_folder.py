"""Puts files into folders that others use too: only what was put there so is ever replaced."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from cyclekit.errors import MediaError, UsageError
from cyclekit.media.atomic import PART, holding, replacing
from cyclekit.media.nested import parse_json

MANIFEST = "cyclekit-files.json"
"""The file that says which of a folder's files were put there, and their checksums."""
_LARGEST = 1 << 20
"""Bytes of it; it may be anybody's."""


@dataclass(frozen=True)
class Contents:
    """What was put into a folder."""

    sums: Mapping[str, Sequence[str]]
    """SHA-256 by name; of a file that is being replaced, before and after."""
    whole: bool
    """Whether nobody was killed while putting it there."""


def read_contents(folder: Path) -> Contents | None:
    """Return what was put into a folder, None if nothing or if that cannot be read."""
    try:
        with (folder / MANIFEST).open("rb") as file:
            found = parse_json(file.read(_LARGEST))
        sums = {str(name): [str(one) for one in sums] for name, sums in found["files"].items()}
        return Contents(sums, found["whole"] is True)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def require_room(folder: Path, names: Sequence[str], *, overwrite: bool) -> None:
    """Refuse a folder in which something is in the way.

    Args:
        folder: it may be missing, hold other files, and be a link.
        names: of the files to put there.
        overwrite: whether those that were put there before may be replaced.

    Raises:
        UsageError: if it is a file, or a file of one of these names was not put there, or was
            changed since, or may not be replaced.
    """
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder}: a file; expected a folder")
    contents = read_contents(folder)
    if contents is None and os.path.lexists(folder / MANIFEST):
        raise UsageError(f"{folder}: its {MANIFEST} is damaged; choose another folder")
    there = [name for name in names if os.path.lexists(folder / name)]
    for name in there:
        if not _was_put(folder / name, contents):
            raise UsageError(
                f"{folder} holds a file {name} that cyclekit did not write, or that was changed since; "
                "move it away, or choose another folder"
            )
    if there and contents is not None and contents.whole and not overwrite:
        raise UsageError(f"{folder} holds {there[0]} already; replace it with --overwrite")


@contextmanager
def filling(folder: Path, names: Sequence[str], *, overwrite: bool = False) -> Iterator[Path]:
    """Make files apart, then put them into a folder beside whatever else it holds.

    The first of the names goes first and comes last, so that it never stands beside half of the
    others. Until then a failure changes nothing; what a killed process leaves, the same call
    completes. Files of these names from an earlier call that are not made again are deleted.

    Args:
        folder: made if need be; of a link, where it points to.
        names: of all files that may be made; the first must be.
        overwrite: as for `require_room`.

    Yields:
        An empty folder to fill, which no other process fills meanwhile.

    Raises:
        UsageError: as `require_room` does.
        MediaError: if the file system refuses, or another process is writing the same folder.
    """
    require_room(folder, names, overwrite=overwrite)
    place = Path(os.path.realpath(folder))
    is_new, part = not place.exists(), place / PART
    try:
        part.mkdir(parents=True, exist_ok=True)
        with holding(part):
            try:
                _empty(part)
                yield part
                require_room(folder, names, overwrite=overwrite)  # what has come meanwhile
                _put(part, place, names)
            finally:
                shutil.rmtree(part, ignore_errors=True)
                if is_new:
                    with suppress(OSError):  # it has been filled
                        place.rmdir()
    except BlockingIOError as error:
        raise MediaError(f"{folder}: another process is writing it") from error
    except OSError as error:
        raise MediaError(f"{folder}: cannot be written: {error.strerror or error}") from error


def _put(part: Path, place: Path, names: Sequence[str]) -> None:
    contents = read_contents(place)
    before = dict(contents.sums) if contents else {}
    made = {path.name: [_checksum(path)] for path in sorted(part.iterdir())}
    both = {name: [*before.get(name, ()), *sums] for name, sums in made.items()}
    _note(place, Contents({**before, **both}, whole=False))
    for name in (names[0], *(name for name in names if name not in made)):
        (place / name).unlink(missing_ok=True)
    for name in sorted(made, key=names.index, reverse=True):
        (part / name).replace(place / name)
    others = {name: sums for name, sums in before.items() if name not in names}
    _note(place, Contents({**others, **made}, whole=True))


def _note(place: Path, contents: Contents) -> None:
    told = {"whole": contents.whole, "files": contents.sums}
    with replacing(place / MANIFEST) as part:
        part.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


def _was_put(path: Path, contents: Contents | None) -> bool:
    if contents is None or path.is_symlink() or not path.is_file():
        return False
    sums = contents.sums.get(path.name, ())
    return bool(sums) and _checksum(path) in sums


def _checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _empty(folder: Path) -> None:
    for entry in folder.iterdir():
        shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
