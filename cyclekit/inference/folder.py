"""Translates many files: reading, network and writing overlap, memory stays flat."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from cyclekit.errors import MediaError
from cyclekit.inference.control import blend
from cyclekit.inference.cycle import Cycle, CycleCheck
from cyclekit.inference.fit import resized, wanted_size
from cyclekit.inference.masks import stretched
from cyclekit.inference.results import Options, Result
from cyclekit.inference.translator import Translator
from cyclekit.media.images import Picture, read, to_8_bits, write
from cyclekit.media.mirror import Job, compare_path
from cyclekit.pixels import Array

T = TypeVar("T")
R = TypeVar("R")

AHEAD = 3
"""Pictures read before the network asks, and written behind it."""
_THREADS = 2
_GAP = 8
_GRAY_STAYS = (
    "all of a gray picture is luminance, which is kept; --gray-to-color lets it take colour"
)


@dataclass(frozen=True)
class _Task:
    """A job on its way through the stages; with an outcome, it only passes."""

    job: Job
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
        read_tasks = _overlapped(readers, lambda job: _load(job, how), jobs)
        made_tasks = (_checked(task, cycle) for task in _network(translator, read_tasks))
        yield from _overlapped(writers, lambda task: _save(task, how), made_tasks)


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


def _load(job: Job, how: Options) -> _Task:
    started = time.perf_counter()
    if job.error is not None:
        return _failed(job, job.error)
    if not how.overwrite and _is_done(job, how):
        return _Task(job, outcome=Result(job.input, job.output, skipped=True, notes=job.notes))
    try:
        stored = read(job.input)
        picture = _fitted(stored, how)
        mask, notes = _mask(job, stored, picture, how)
    except MediaError as error:
        return _failed(job, str(error).removeprefix(f"{job.input}: "))
    picture = replace(picture, notes=(*picture.notes, *notes))
    return _Task(job, picture, mask, seconds=time.perf_counter() - started)


def _mask(
    job: Job, stored: Picture, picture: Picture, how: Options
) -> tuple[Array | None, tuple[str, ...]]:
    if how.control.mask is None:
        return None, ()
    levels, name = how.control.mask.of(stored, job.place or Path(job.input.name))
    return stretched(levels, name, stored, (picture.width, picture.height))


def _fitted(picture: Picture, how: Options) -> Picture:
    width, height = wanted_size(picture.width, picture.height, how.size, how.max_size)
    alpha = None if picture.alpha is None else resized(picture.alpha, width, height)
    return replace(picture, pixels=resized(picture.pixels, width, height), alpha=alpha)


def _is_done(job: Job, how: Options) -> bool:
    return job.output.exists() and (not how.compare or compare_path(job.output).exists())


def _failed(job: Job, reason: str) -> _Task:
    return _Task(job, outcome=Result(job.input, job.output, error=reason))


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
    if batch:
        yield from _translated(translator, batch)


def _pixels(task: _Task) -> Any:
    return None if task.picture is None else task.picture.pixels


def _translated(translator: Translator, batch: list[_Task]) -> Iterator[_Task]:
    started = time.perf_counter()
    try:
        made = translator.translate([_pixels(task) for task in batch])
    except MediaError as error:
        yield from (_failed(task.job, str(error)) for task in batch)
        return
    share = (time.perf_counter() - started) / len(batch)
    for task, array in zip(batch, made, strict=True):
        yield replace(task, made=array, seconds=task.seconds + share)


def _checked(task: _Task, cycle: CycleCheck | None) -> _Task:
    """Measure what came from the network, before anything else is done to it."""
    if cycle is None or task.picture is None or task.made is None:
        return task
    return replace(task, cycle=cycle(task.picture.pixels, task.made))


def _save(task: _Task, how: Options) -> Result:
    if task.outcome is not None:
        return task.outcome
    started = time.perf_counter()
    job, before = task.job, task.picture
    assert before is not None
    after, told = _controlled(task, how)
    try:
        kept = _compared(job.output, before, after, how) if how.compare else ()
        lost = _written(job.output, after, how)
    except MediaError as error:
        return Result(job.input, job.output, error=str(error).removeprefix(f"{job.output}: "))
    seconds = task.seconds + time.perf_counter() - started
    unmeasured = (task.cycle.note,) if task.cycle and task.cycle.note else ()
    notes = (*job.notes, *before.notes, *told, *kept, *lost, *unmeasured)
    return Result(
        job.input, job.output, after.width, after.height, seconds, notes=notes, cycle=task.cycle
    )


def _controlled(task: _Task, how: Options) -> tuple[Picture, tuple[str, ...]]:
    """Let no more of the translation through than the user wants."""
    before, made, control = task.picture, task.made, how.control
    assert before is not None
    assert made is not None
    gray = before.gray and (not how.color or control.keep == "color")
    pixels = _luma(made) if gray else made
    if not control.idle:
        old = before.pixels[..., 0] if gray else before.pixels
        pixels = blend(
            old,
            pixels,
            strength=control.strength,
            keep=control.keep,
            mask=task.mask,
            feather=control.feather,
        )
    notes = (_GRAY_STAYS,) if gray and control.keep == "luminance" else ()
    rgb: Any = np.repeat(pixels[..., None], 3, axis=2) if gray else pixels
    return replace(before, pixels=rgb, gray=gray), notes


def _compared(output: Path, before: Picture, after: Picture, how: Options) -> tuple[str, ...]:
    both = Picture(_side_by_side(before.pixels, after.pixels))
    return _written(compare_path(output), both, how)


def _written(path: Path, picture: Picture, how: Options) -> tuple[str, ...]:
    """Write what is missing; what is there is replaced only if the user said so."""
    if path.exists() and not how.overwrite:
        return (f"{path} was already there and is kept; --overwrite replaces it",)
    return write(path, picture)


def _luma(rgb: Array) -> Array:
    """Bring colour back to gray (H, W), by the weights of JPEG."""
    import cv2

    gray: Any = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    return np.asarray(gray)


def _side_by_side(before: Array, after: Array) -> Array:
    gap: Array = np.full((len(before), _GAP, 3), 255, np.uint8)
    return np.concatenate([to_8_bits(before), gap, to_8_bits(after)], axis=1)
