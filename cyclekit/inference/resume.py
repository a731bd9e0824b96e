"""Where a folder that was begun goes on: with the same batches, so with the same bytes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from cyclekit.inference.results import Options
from cyclekit.media.atomic import sweep
from cyclekit.media.mirror import Job, compare_path


@dataclass(frozen=True)
class Step:
    """A job, and whether it has been done."""

    job: Job
    """What to do; its error says why it cannot be."""
    done: bool = False
    """Whether all that it would write is there, and stays."""
    mates: bool = False
    """Whether it is done, but a neighbour is not that may have shared its batch."""
    last: bool = False
    """Whether no later job shares its batch."""


def steps(jobs: Iterable[Job], how: Options, window: int) -> Iterator[Step]:
    """Look which jobs are done, a window at a time, and clear away what killed runs left.

    The last bits of a picture depend on how many others run with it. So no batch crosses a
    window, and where a part of a window is done, the same pictures run together again.

    Args:
        jobs: in the order of the run.
        how: whether what is done is made again, and what belongs to a job.
        window: most pictures that one batch may hold.

    Yields:
        One step for each job, in order.
    """
    waiting = iter(jobs)
    swept: set[Path] = set()
    while group := list(islice(waiting, window)):
        for folder in {job.output.parent for job in group} - swept:
            sweep(folder)
            swept.add(folder)
        yield from _group(group, how)


def _group(group: Sequence[Job], how: Options) -> Iterator[Step]:
    done = [not how.overwrite and job.error is None and _is_done(job, how) for job in group]
    for number, job in enumerate(group, 1):
        mine = done[number - 1]
        yield Step(job, mine, mates=mine and not all(done), last=number == len(group))


def _is_done(job: Job, how: Options) -> bool:
    """What cannot be looked at cannot be written either; the writer says why."""
    try:
        return job.output.exists() and (not how.compare or compare_path(job.output).exists())
    except OSError:
        return False
