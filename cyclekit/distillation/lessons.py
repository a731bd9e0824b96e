"""Pictures, and what the teacher made of them, as pairs to learn from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from cyclekit.data.layouts import Domain
from cyclekit.data.source import Source
from cyclekit.data.sources import read_source
from cyclekit.distillation.targets import Pixels, Targets
from cyclekit.distillation.teacher import Teacher
from cyclekit.errors import DataError, MediaError

AT_ONCE = 16
"""Pictures that are given to the teacher together; it makes batches of equal sizes of them."""


@dataclass
class Lessons:
    """What became of the pictures of a domain."""

    given: dict[Source, Path] = field(default_factory=dict)
    """Files of the teacher's pictures."""
    broken: list[str] = field(default_factory=list)
    """What is wrong with pictures that cannot be read."""
    left_out: int = 0
    """Pictures that there was no room for."""


def teach(
    domain: Domain,
    prepare: Callable[[Pixels], Pixels],
    teacher: Teacher,
    targets: Targets,
    watch: Callable[[Iterable[Source]], Iterable[Source]] = iter,
) -> tuple[tuple[Domain, Domain], Lessons]:
    """Let the teacher translate all pictures that it has not translated before.

    The target of a crop is the crop of what the teacher made of the whole picture, at the size that
    crops are cut from. A teacher with instance norm would make something else of the crop alone: it
    looks at the statistics of all that it is given. In use it is given whole pictures, and so is
    the student.

    Args:
        domain: the pictures.
        prepare: brings a picture to the size that crops are cut from.
        teacher: who translates.
        targets: what it translated before; grows.
        watch: passes the pictures on, and may show how far it is.

    Returns:
        The pictures that can be learned from, and their targets: two domains, named as the
        teacher's; and what became of all pictures.

    Raises:
        DataError: if fewer than two remain.
        MediaError: if a target cannot be made or written.
    """
    lessons = Lessons()
    # What is held out goes first, so that a full disk does not leave a run without a measure.
    sources = iter(watch((*domain.held_out, *domain.train)))
    while group := list(islice(sources, AT_ONCE)):
        _teach(group, prepare, teacher, targets, lessons)
    train = tuple(source for source in domain.train if source in lessons.given)
    held_out = tuple(source for source in domain.held_out if source in lessons.given)
    if len(train) < domain.least:
        raise DataError(_too_few(domain, len(train), targets, lessons))
    before, after = teacher.names
    first = Domain(before, train, held_out, domain.least)
    second = Domain(after, _made(train, lessons), _made(held_out, lessons), domain.least)
    return (first, second), lessons


def _made(sources: Sequence[Source], lessons: Lessons) -> tuple[Source, ...]:
    """Return the teacher's pictures, in the order of what they were made of."""
    return tuple(Source(lessons.given[source]) for source in sources)


def _teach(
    sources: Sequence[Source], prepare: Callable[[Pixels], Pixels], teacher: Teacher,
    targets: Targets, lessons: Lessons,
) -> None:  # fmt: skip
    new: list[tuple[Source, Pixels]] = []
    for source, picture in _readable(sources, prepare, lessons):
        path = targets.find(picture)
        if path is not None:
            lessons.given[source] = path
        elif targets.is_full:
            lessons.left_out += 1
        else:
            new.append((source, picture))
    made = teacher.stream([picture for _, picture in new])
    for (source, picture), target in zip(new, made, strict=True):
        lessons.given[source] = targets.keep(picture, target.astype("uint8", copy=False))


def _readable(
    sources: Sequence[Source], prepare: Callable[[Pixels], Pixels], lessons: Lessons
) -> Iterator[tuple[Source, Pixels]]:
    for source in sources:
        try:
            yield source, prepare(read_source(source))
        except MediaError as error:
            lessons.broken.append(str(error))


def _too_few(domain: Domain, usable: int, targets: Targets, lessons: Lessons) -> str:
    what = f"{usable} pictures of '{domain.name}' can be learned from, expected {domain.least}"
    if lessons.left_out:
        size = f"{targets.bytes / 2**20:.0f} MB"
        return (
            f"{what}: {targets.folder} is full ({size}); raise --cache-size, or delete the folders "
            "of other teachers there"
        )
    return f"{what}; the first broken one: {lessons.broken[0]}" if lessons.broken else what
