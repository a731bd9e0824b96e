"""Translates videos: decoding, network and encoding overlap, memory stays flat."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, replace
from functools import partial
from itertools import chain, islice
from typing import Any, Protocol, TypeVar

import av

from cyclekit.errors import MediaError
from cyclekit.inference.control import blend
from cyclekit.inference.film_masks import FilmMask
from cyclekit.inference.overlap import ahead, behind
from cyclekit.inference.reading import Reading
from cyclekit.inference.results import Result
from cyclekit.inference.video_options import VideoOptions, result_clip, shown
from cyclekit.media.video.clip import Source, Still
from cyclekit.media.video.sink import Output, Sink
from cyclekit.media.video.work import SEGMENT
from cyclekit.pixels import Array

T = TypeVar("T")
Step = Callable[[Iterable[Array]], Iterable[Array]]
"""Turns frames into as many others, lazily, in order: `Translator.stream` is one.

It is called once for every segment, so that what it does never depends on where an interrupted
job was taken up again, but on what it keeps between two calls.
"""


class Memory(Protocol):
    """What a step keeps between two segments, so that a later run can go on from there."""

    def dump(self) -> bytes:
        """Return all that the next frame depends on."""

    def load(self, memory: bytes) -> None:
        """Take up what was dumped."""


_ROOM = 64 * 2**20
"""Bytes of frames that may wait on either side of the network."""


def translate_video(
    step: Step,
    source: Source,
    output: Output,
    options: VideoOptions,
    *,
    settings: dict[str, Any] | None = None,
    memory: Memory | None = None,
    mask: FilmMask | None = None,
    watch: Callable[[int], object] = lambda frames: None,
) -> Result:
    """Translate a video, going on where an interrupted run under the same settings stopped.

    Args:
        step: the network.
        source: where frames come from.
        output: where they go; its clip is `result_clip` of the source's.
        options: which frames, and what is shown of them.
        settings: what else the result depends on, ready for JSON: the model, its precision.
        memory: what the step keeps from frame to frame; None if every frame is by itself.
        mask: where to translate; None is everywhere.
        watch: told how many frames are done, as it goes on.

    Returns:
        What became of it.

    Raises:
        MediaError: if it cannot be read or written; what is finished is kept beside the output.
    """
    started = time.perf_counter()
    sink = output.open(_settings(source, output, options, settings, mask))
    remembered = sink.recall() if memory else None
    before = sink.done
    reading = Reading(source, options, before)
    finish = partial(_finished, reading=reading, options=options, mask=mask)
    try:
        if memory and remembered is not None:
            memory.load(remembered)
        count = _run(step, reading, sink, finish, memory, watch)
        if not count:
            raise MediaError(f"{source.path}: there is no frame in the part that was asked for")
        notes = sink.finish(reading.window())
    except BaseException:
        sink.abandon()
        raise
    gone_on = (f"went on after {before} frames that were finished before",) if before else ()
    clip = result_clip(source.clip, options)
    return Result(
        source.path,
        output.path,
        clip.width,
        clip.height,
        time.perf_counter() - started,
        frames=count,
        notes=(*gone_on, *source.notes(), *output.notes, *notes),
    )


def _settings(
    source: Source,
    output: Output,
    options: VideoOptions,
    settings: dict[str, Any] | None,
    mask: FilmMask | None,
) -> dict[str, Any] | None:
    """Collect all that a segment depends on; None if the source cannot be read twice."""
    fingerprint = source.fingerprint()
    masked = mask.fingerprint() if mask else {}
    if fingerprint is None or masked is None:
        return None
    how: dict[str, Any] = {
        "options": str(asdict(options)),
        "segment": SEGMENT,
        "av": av.__version__,
    }
    how["mask"] = masked
    return {**(settings or {}), **how, "source": fingerprint, "output": output.settings()}


def _run(
    step: Step,
    reading: Reading,
    sink: Sink,
    finish: Callable[[Still, Array], Still],
    memory: Memory | None,
    watch: Callable[[int], object],
) -> int:
    """Let the three stages overlap; return the number of frames of the whole video."""
    clip = reading.clip
    room = max(1, min(8, _ROOM // (clip.width * clip.height * 4 * (1 + (clip.depth > 8)))))

    def write(made: tuple[Still, Array] | bytes) -> None:
        if isinstance(made, bytes):
            sink.remember(made)
        else:
            sink.add(finish(*made))

    count = sink.done
    with ahead(reading.stills(), room) as stills, behind(write, room) as put:
        for part in _parts(stills, SEGMENT):
            for pair in _pairs(part, step):
                put(pair)
                count += 1
                watch(count)
            if memory:
                put(memory.dump())
    return count


def _finished(
    still: Still,
    after: Array,
    *,
    reading: Reading,
    options: VideoOptions,
    mask: FilmMask | None,
) -> Still:
    """Make of a frame and its translation what is written: the one place where both meet."""
    before = still.pixels
    made = after
    if options.strength != 1 or options.keep or mask is not None:
        where = mask.at(reading.time_in_source(still)) if mask else None
        made = blend(before, after, strength=options.strength, keep=options.keep, mask=where)
    time = still.pts * reading.clip.time_base
    return replace(still, pixels=shown(before, made, time, options))


def _parts(items: Iterator[T], size: int) -> Iterator[Iterator[T]]:
    """Split into runs of so many; each must be used up before the next."""
    for first in items:
        yield chain([first], islice(items, size - 1))


def _pairs(stills: Iterable[Still], step: Step) -> Iterator[tuple[Still, Array]]:
    """Put every frame beside what the step makes of it, however far ahead the step reads."""
    waiting: deque[Still] = deque()

    def seen() -> Iterator[Array]:
        for still in stills:
            waiting.append(still)
            yield still.pixels

    for after in step(seen()):
        yield waiting.popleft(), after
