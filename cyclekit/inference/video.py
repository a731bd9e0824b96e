"""Translates videos: decoding, network and encoding overlap, memory stays flat."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import asdict, dataclass, field, replace
from fractions import Fraction
from functools import partial
from itertools import chain, islice
from typing import Any, Literal, Protocol, TypeVar

import av
import numpy as np

from cyclekit.errors import MediaError
from cyclekit.inference.control import Keep, blend
from cyclekit.inference.film_masks import FilmMask
from cyclekit.inference.fit import resized, wanted_size
from cyclekit.inference.overlap import ahead, behind
from cyclekit.inference.results import Result
from cyclekit.media.video.clip import Clip, Source, Still
from cyclekit.media.video.output import Output, Sink
from cyclekit.media.video.times import Cut, chosen
from cyclekit.media.video.window import Window
from cyclekit.media.video.work import SEGMENT
from cyclekit.pixels import Array

T = TypeVar("T")
Step = Callable[[Iterable[Array]], Iterable[Array]]
"""Turns frames into as many others, lazily, in order: `Translator.stream` is one.

It is called once for every segment, so that what it does never depends on where an interrupted
job was taken up again, but on what it keeps between two calls.
"""
Show = Literal["result", "side-by-side", "wipe"]


class Memory(Protocol):
    """What a step keeps between two segments, so that a later run can go on from there."""

    def dump(self) -> bytes:
        """Return all that the next frame depends on."""

    def load(self, memory: bytes) -> None:
        """Take up what was dumped."""


_ROOM = 64 * 2**20
"""Bytes of frames that may wait on either side of the network."""
_SWEEP = Fraction(4)
"""Seconds in which the line of a wipe goes across and back."""
_LINE = 2
_SAME_SHAPE = 0.01
"""Change of shape that counts as rounding."""


@dataclass(frozen=True)
class VideoOptions:
    """How a video is translated."""

    cut: Cut = field(default_factory=Cut)
    """Which frames."""
    size: tuple[int, int] | None = None
    """Exact width and height in pixels to translate at; None keeps the video's."""
    max_size: int | None = None
    """Most pixels of the longer side, shape kept; None for any."""
    show: Show = "result"
    """What is written: the result, before and after side by side, or a line that sweeps between."""
    strength: float = 1.0
    """0 is the source, 1 the network's result."""
    keep: Keep | None = None
    """What of the source stays: "luminance", "color" or None."""


def result_clip(clip: Clip, options: VideoOptions) -> Clip:
    """Describe what will be written: the clip at another size and rate, shape kept on the screen."""
    width, height = wanted_size(clip.width, clip.height, options.size, options.max_size)
    change = Fraction(clip.width * height, clip.height * width)
    aspect = clip.aspect if abs(change - 1) < _SAME_SHAPE else clip.aspect * change
    both = 2 if options.show == "side-by-side" else 1
    rate = clip.rate / options.cut.every
    return replace(clip, width=width * both, height=height, aspect=aspect, rate=rate)


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
    reading = _Reading(source, options, before)
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
    reading: _Reading,
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
    reading: _Reading,
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


def shown(before: Array, after: Array, time: Fraction, options: VideoOptions) -> Array:
    """Show a frame and what was made of it.

    Args:
        before: the frame as the network saw it.
        after: what was made of it, of the same shape and type.
        time: seconds from the beginning of the output.
        options: what to show.
    """
    if options.show == "side-by-side":
        return np.asarray(np.concatenate([before, after], axis=1))
    if options.show == "wipe":
        return _wiped(before, after, time)
    return after


def _wiped(before: Array, after: Array, time: Fraction) -> Array:
    """Show the frame left of a white line, and its translation right of it."""
    width = before.shape[1]
    phase = float(time % _SWEEP / _SWEEP)
    at = round((0.5 - 0.5 * math.cos(2 * math.pi * phase)) * width)
    both = after.copy()
    both[:, :at] = before[:, :at]
    both[:, max(0, at - _LINE) : at + _LINE] = np.iinfo(both.dtype).max
    return both


class _Reading:
    """Frames on their way to the network: chosen, moved in time, resized.

    Args:
        source: where they come from.
        options: which ones, and how large.
        done: how many of them are finished already.
    """

    def __init__(self, source: Source, options: VideoOptions, done: int) -> None:
        self.clip = source.clip
        self._source = source
        self._options = options
        self._done = done
        self._start = self._end = 0

    def stills(self) -> Generator[Still]:
        """Decode; frames that are finished already cost no more than that."""
        cut, clip = self._options.cut, self.clip
        size = wanted_size(clip.width, clip.height, self._options.size, self._options.max_size)
        for number, frame in enumerate(chosen(self._source.frames(), clip, cut)):
            if number == 0 and cut.start is not None:
                self._start = frame.pts
            self._end = frame.pts + frame.duration
            if number >= self._done:
                pixels = resized(frame.pixels(), *size)
                yield Still(frame.pts - self._start, frame.duration, pixels)

    def time_in_source(self, still: Still) -> Fraction:
        """Return the seconds from the source's beginning at which a frame is shown there."""
        return (still.pts + self._start) * self.clip.time_base - self.clip.start

    def window(self) -> Window:
        """Return the part of the file's time that was read."""
        cut, base = self._options.cut, self.clip.time_base
        ends = cut.end is not None or cut.most is not None
        return Window(
            None if cut.start is None else self._start * base, self._end * base if ends else None
        )


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
