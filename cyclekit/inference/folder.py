"""Translates many files: reading, network and writing overlap, memory stays flat."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from cyclekit.errors import MediaError
from cyclekit.inference.cycle import Cycle, CycleCheck
from cyclekit.inference.finish import finished
from cyclekit.inference.fit import resized, wanted_size
from cyclekit.inference.masks import stretched
from cyclekit.inference.results import Options, Result
from cyclekit.inference.resume import Step, steps
from cyclekit.inference.translator import Translator
from cyclekit.media.encode import check_writable
from cyclekit.media.images import Picture, read, read_size, to_8_bits, write
from cyclekit.media.mirror import Job, compare_path
from cyclekit.pixels import Array

T = TypeVar("T")
R = TypeVar("R")

AHEAD = 3
"""Pictures read before the network asks, and written behind it."""
_FAILURES = (MediaError, OSError, MemoryError)
"""What may happen to one file, and must not stop the rest."""
_THREADS = 2
_GAP = 8


@dataclass(frozen=True)
class _Task:
    """A job on its way through the stages; with an outcome, it only passes."""

    job: Job
    last: bool = False
    picture: Picture | None = None
    mask: Array | None = None
    made: Array | None = None
    seconds: float = 0.0
    cycle: Cycle | None = None
    outcome: Result | None = None


def translate_files(
    translator: Translator,
    jobs: Iterable[Job],
    options: Options | None = None,
    cycle: CycleCheck | None = None,
) -> Iterator[Result]:
    """Translate files; one that cannot be never stops the rest.

    Args:
        translator: the network.
        jobs: inputs and their outputs, from `cyclekit.media.mirror.plan`.
        options: how; the defaults if None.
        cycle: measures what the network made of each picture; nothing is measured if None.

    Yields:
        One result for each job, in order, some pictures behind the network.
    """
    how = options or Options()
    with _pool("read") as readers, _pool("write") as writers:
        plan = steps(jobs, how, translator.largest_batch)
        read_tasks = _overlapped(readers, lambda step: _load(step, how, translator), plan)
        made_tasks = (_checked(task, cycle) for task in _network(translator, read_tasks))
        yield from _overlapped(writers, lambda task: _save(task, how, translator), made_tasks)


@contextmanager
def _pool(name: str) -> Iterator[ThreadPoolExecutor]:
    """Threads that finish what they have begun, and nothing more, when the caller stops early."""
    pool = ThreadPoolExecutor(_THREADS, name)
    try:
        yield pool
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _overlapped(
    pool: ThreadPoolExecutor, work: Callable[[T], R], items: Iterable[T]
) -> Iterator[R]:
    """Work on a few items at a time beside the caller; results in order."""
    waiting: deque[Future[R]] = deque()
    for item in items:
        waiting.append(pool.submit(work, item))
        while waiting and (len(waiting) > AHEAD or waiting[0].done()):
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


def _load(step: Step, how: Options, translator: Translator) -> _Task:
    started = time.perf_counter()
    task = _Task(step.job, step.last)
    if step.job.error is not None:
        return _failed(task, step.job.error)
    if step.done:
        return _load_done(replace(task, outcome=_skipped(step.job)), step, how, translator)
    try:
        stored = read(step.job.input)
        picture = _fitted(stored, how)
        mask, notes = _mask(step.job, stored, picture, how)
        check_writable(step.job.output, picture.width, picture.height)
    except _FAILURES as error:
        return _failed(task, _reason(error, step.job))
    picture = replace(picture, notes=(*picture.notes, *notes))
    return replace(task, picture=picture, mask=mask, seconds=time.perf_counter() - started)


def _mask(
    job: Job, stored: Picture, picture: Picture, how: Options
) -> tuple[Array | None, tuple[str, ...]]:
    if how.control.mask is None:
        return None, ()
    levels, name = how.control.mask.of(stored, job.place)
    return stretched(levels, name, stored, (picture.width, picture.height))


def _load_done(task: _Task, step: Step, how: Options, translator: Translator) -> _Task:
    """Read what is done only if it shares a batch with what is not."""
    if not step.mates:
        return task
    with suppress(MediaError, OSError, MemoryError):
        width, height = wanted_size(*read_size(task.job.input), how.size, how.max_size)
        if translator.batch_size(height, width) > 1:
            return replace(task, picture=_fitted(read(task.job.input), how))
    return task


def _fitted(picture: Picture, how: Options) -> Picture:
    width, height = wanted_size(picture.width, picture.height, how.size, how.max_size)
    alpha = None if picture.alpha is None else resized(picture.alpha, width, height)
    return replace(picture, pixels=resized(picture.pixels, width, height), alpha=alpha)


def _skipped(job: Job) -> Result:
    return Result(job.input, job.output, skipped=True, notes=job.notes)


def _failed(task: _Task, reason: str) -> _Task:
    """End a task; what was done already stays so."""
    outcome = task.outcome or Result(task.job.input, task.job.output, error=reason)
    return replace(task, picture=None, outcome=outcome)


def _reason(error: Exception, job: Job) -> str:
    """Say in a line what went wrong with files whose names are known."""
    if isinstance(error, MemoryError):
        return "not enough memory for it"
    if isinstance(error, OSError):
        return error.strerror or str(error)
    return str(error).removeprefix(f"{job.input}: ").removeprefix(f"{job.output}: ")


def _network(translator: Translator, tasks: Iterable[_Task]) -> Iterator[_Task]:
    """Translate neighbours of one shape together; what failed to load passes between."""
    batch: list[_Task] = []
    for task in tasks:
        pixels = _pixels(task)
        if batch and (pixels is None or not translator.joins([*map(_pixels, batch)], pixels)):
            yield from _translated(translator, batch)
            batch = []
        if pixels is None:
            yield task
        else:
            batch.append(task)
        if batch and task.last:
            yield from _translated(translator, batch)
            batch = []
    if batch:
        yield from _translated(translator, batch)


def _pixels(task: _Task) -> Any:
    return None if task.picture is None else task.picture.pixels


def _translated(translator: Translator, batch: list[_Task]) -> Iterator[_Task]:
    if all(task.outcome for task in batch):
        yield from batch
        return
    started = time.perf_counter()
    try:
        made = translator.translate([_pixels(task) for task in batch])
    except _FAILURES as error:
        yield from (_failed(task, _reason(error, task.job)) for task in batch)
        return
    share = (time.perf_counter() - started) / len(batch)
    for task, array in zip(batch, made, strict=True):
        yield replace(task, made=array, seconds=task.seconds + share)


def _checked(task: _Task, cycle: CycleCheck | None) -> _Task:
    """Measure what came from the network, before anything else is done to it."""
    if cycle is None or task.outcome or task.picture is None or task.made is None:
        return task
    return replace(task, cycle=cycle(task.picture.pixels, task.made))


def _save(task: _Task, how: Options, translator: Translator) -> Result:
    if task.outcome is not None:
        return task.outcome
    started = time.perf_counter()
    job, before = task.job, task.picture
    assert before is not None
    assert task.made is not None
    try:
        after, told = finished(before, task.made, task.mask, how, translator.palette)
        kept = _compared(job.output, before, after, how) if how.compare else ()
        lost = _written(job.output, after, how)
    except _FAILURES as error:
        return Result(job.input, job.output, error=_reason(error, job))
    seconds = task.seconds + time.perf_counter() - started
    unmeasured = (task.cycle.note,) if task.cycle and task.cycle.note else ()
    notes = (*job.notes, *before.notes, *told, *kept, *lost, *unmeasured)
    return Result(
        job.input, job.output, after.width, after.height, seconds, notes=notes, cycle=task.cycle
    )


def _compared(output: Path, before: Picture, after: Picture, how: Options) -> tuple[str, ...]:
    both = Picture(_side_by_side(before.pixels, after.pixels))
    return _written(compare_path(output), both, how)


def _written(path: Path, picture: Picture, how: Options) -> tuple[str, ...]:
    """Write what is missing; what is there is replaced only if the user said so."""
    if path.exists() and not how.overwrite:
        return (f"{path} was already there and is kept; --overwrite replaces it",)
    return write(path, picture)


def _side_by_side(before: Array, after: Array) -> Array:
    gap: Array = np.full((len(before), _GAP, 3), 255, np.uint8)
    return np.concatenate([to_8_bits(before), gap, to_8_bits(after)], axis=1)
