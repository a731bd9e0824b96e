"""Copies a dataset without what is of no use; nothing is moved, nothing changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from cyclekit.errors import MediaError, UsageError
from cyclekit.media.copying import copy_file
from cyclekit.media.glance import ENDINGS
from cyclekit.survey.duplicates import Group
from cyclekit.survey.headers import is_text
from cyclekit.survey.piles import Pile
from cyclekit.survey.problems import KINDS, Problem
from cyclekit.survey.seen import Seen


@dataclass(frozen=True)
class Copied:
    """What became of one picture."""

    input: Path
    """The file."""
    output: Path | None = None
    """Its copy; None where there is none."""
    reason: str | None = None
    """Why it was left out on purpose."""
    error: str | None = None
    """Why it could not be copied."""
    renamed: bool = False
    """Whether the copy's name differs: its ending, or what was no text."""


def left_out(
    problems: Sequence[Problem], groups: Sequence[Group], piles: Sequence[Pile]
) -> dict[Path, str]:
    """Choose what a cleaned set does without: path to reason.

    Left out are files that cannot be read or show nothing, training's copies of test pictures, and
    all but the first of equal files in one pile. Near copies within one pile may stay: frames of a
    film are that. Equal pictures in two domains stay: nobody can know where they belong.
    """
    reasons = {
        problem.path: KINDS[problem.kind].title
        for problem in problems
        if KINDS[problem.kind].left_out
    }
    for group in groups:
        reasons |= {path: why for path, why in _doubled(group, piles) if path not in reasons}
    return reasons


def _doubled(group: Group, piles: Sequence[Pile]) -> Iterator[tuple[Path, str]]:
    test = next((one for one in group.members if piles[one.pile].is_test), None)
    known: dict[tuple[int, bytes], Path] = {}
    for member in group.members:
        if test is not None and not piles[member.pile].is_test:
            yield member.path, f"a copy is in the test split: {test.path}"
            continue
        first = known.setdefault((member.pile, member.look.digest), member.path)
        if first != member.path:
            yield member.path, f"the same file as {first}"


def check_target(folder: Path, piles: Sequence[Pile], *, overwrite: bool) -> None:
    """Refuse a place for the copy that would harm, or be harmed.

    Raises:
        UsageError: if it holds something, or lies in what is surveyed, or the other way round.
    """
    place = folder.resolve()
    for pile in piles:
        home = pile.folder.resolve()
        if place == home or place in home.parents or home in place.parents:
            raise UsageError(f"--fix {folder}: lies beside or in what is copied; choose another")
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"--fix {folder}: a file; expected a folder for the copies")
    if folder.is_dir() and any(folder.iterdir()) and not overwrite:
        raise UsageError(f"--fix {folder}: not empty; choose another, or give --overwrite")


def copy_clean(
    pictures: Sequence[Seen], piles: Sequence[Pile], reasons: Mapping[Path, str], folder: Path
) -> Iterator[Copied]:
    """Copy what is of use, byte by byte, with endings that tell the truth and names that are text.

    Args:
        pictures: all that can be read.
        piles: theirs.
        reasons: what to leave out, and why.
        folder: for the copies.

    Yields:
        What became of each picture, as it is done.
    """
    taken: set[Path] = set()
    for picture in pictures:
        if picture.path in reasons:
            yield Copied(picture.path, reason=reasons[picture.path])
            continue
        wanted = _place(picture, piles[picture.pile], folder)
        target = _free(wanted, taken)
        taken.add(target)
        try:
            copy_file(picture.path, target)
        except MediaError as error:
            yield Copied(picture.path, error=str(error))
            continue
        yield Copied(picture.path, target, renamed=target.name != picture.path.name)


def _place(picture: Seen, pile: Pile, folder: Path) -> Path:
    place = Path(*(_text(part) for part in picture.path.relative_to(pile.folder).parts))
    if not picture.header.is_called(place.suffix):
        ending = ENDINGS[picture.header.format][0]
        place = place.with_name(f"{place.stem if _is_ending(place.suffix) else place.name}{ending}")
    return folder / pile.place / place


def _is_ending(suffix: str) -> bool:
    """Whether a name's last part is a picture's ending, and not, say, a number behind a dot."""
    return any(suffix.lower() in endings for endings in ENDINGS.values())


def _text(name: str) -> str:
    """Write bytes that are no text as %FF."""
    return name if is_text(name) else quote(name.encode("utf-8", "surrogateescape"), safe=" ")


def _free(path: Path, taken: set[Path]) -> Path:
    """Return the path, numbered if a copy has it already."""
    number, free = 1, path
    while free in taken:
        number += 1
        free = path.with_name(f"{path.stem}-{number}{path.suffix}")
    return free
