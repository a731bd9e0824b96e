"""How steady a translated film is beside its source."""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields
from itertools import zip_longest
from pathlib import Path

from cyclekit.errors import DataError
from cyclekit.media.picture import to_8_bits
from cyclekit.media.video.clip import Clip, Frame
from cyclekit.media.video.source import open_source
from cyclekit.metrics.flicker import Flicker, flicker
from cyclekit.pixels import Array

SMALLEST = 16
"""Pixels a side that the flow needs."""


@dataclass(frozen=True)
class Measure:
    """One number of a result beside the same of its source."""

    key: str
    """What is measured, for programs."""
    name: str
    """What is measured, for people, with its unit."""
    value: float
    """Mean over the pairs of frames."""
    source: float
    """The source's own."""

    @property
    def ratio(self) -> float | None:
        """The result's over the source's; None where the source has none."""
        return self.value / self.source if self.source > 0 else None


@dataclass
class FilmScores:
    """What was measured of a result: eight bytes a value and pair of frames."""

    source: Path
    """The film that was translated."""
    result: Path
    """What was made of it."""
    times: array[float] = field(default_factory=lambda: array("d"))
    """Seconds at which the second frame of each pair is shown."""
    series: dict[str, array[float]] = field(
        default_factory=lambda: {entry.name: array("d") for entry in fields(Flicker)}
    )
    """The fields of `Flicker` over time."""

    @property
    def cuts(self) -> int:
        """Pairs that belong to two scenes, and are left out."""
        return sum(map(math.isnan, self.series["flicker"]))

    def mean(self, name: str) -> float:
        """Average a field of `Flicker` over all pairs that have it; nan if none has."""
        known = [value for value in self.series[name] if not math.isnan(value)]
        return math.fsum(known) / len(known) if known else math.nan

    def measures(self) -> list[Measure]:
        """Return the table's rows; those of still parts only where there are any."""
        rows = [
            ("warping_error", "warping error (1e-4)", "source_warping_error", 1e4),
            ("change", "change (levels)", "source_change", 1),
            ("flicker", "flicker: change unlike the source's (levels)", "source_change", 1),
            ("still_change", "change where the source is still", "still_source_change", 1),
            ("still_flicker", "flicker where the source is still", "still_source_change", 1),
        ]
        found = [
            Measure(key, name, self.mean(key) * scale, self.mean(own) * scale)
            for key, name, own, scale in rows
        ]
        return [row for row in found if not math.isnan(row.value)]


def measure_film(
    source: Path, result: Path, watch: Callable[[int], object] = lambda frames: None
) -> FilmScores:
    """Compare a result with its source, frame by frame; four frames are in memory.

    Args:
        source: the film that was translated.
        result: what was made of it: the same frames, at the same times, of the same size.
        watch: told how many frames are done, as it goes on.

    Raises:
        MediaError: if one of them cannot be read.
        DataError: if they do not belong together.
    """
    films = [open_source(path, None, None) for path in (source, result)]
    clips = [film.clip for film in films]
    _check_sizes(source, result, *clips)
    found = FilmScores(source, result)
    # Both films come out of one iterator, so that neither runs ahead of the other.
    pairs = _pairs(source, result, clips, films[0].frames(), films[1].frames())
    for number, (time, one) in enumerate(_measured(pairs), start=2):
        found.times.append(time)
        for name, values in found.series.items():
            values.append(getattr(one, name))
        watch(number)
    if not found.times:
        raise DataError(f"{source}: a single frame; expected two or more to see what changes")
    return found


def _check_sizes(source: Path, result: Path, before: Clip, after: Clip) -> None:
    sizes = [f"{clip.width}x{clip.height}" for clip in (before, after)]
    if sizes[0] != sizes[1]:
        raise DataError(f"{result}: {sizes[1]}, but {source} is {sizes[0]}; expected one size")
    if min(before.width, before.height) < SMALLEST:
        raise DataError(f"{source}: {sizes[0]}; expected at least {SMALLEST} pixels a side")


def _pairs(
    source: Path, result: Path, clips: list[Clip], befores: Iterator[Frame], afters: Iterator[Frame]
) -> Iterator[tuple[float, Array, Array]]:
    """Yield time, frame, and what was made of it; refuse films that do not run side by side."""
    starts: list[int] = []
    for number, (before, after) in enumerate(zip_longest(befores, afters), start=1):
        if before is None or after is None:
            short, long = (source, result) if before is None else (result, source)
            raise DataError(f"{short}: {number - 1} frames, fewer than {long}; expected as many")
        starts = starts or [before.pts, after.pts]
        times = [
            float((frame.pts - start) * clip.time_base)
            for frame, start, clip in zip((before, after), starts, clips, strict=True)
        ]
        if abs(times[0] - times[1]) > 0.5 / clips[0].rate:
            raise DataError(
                f"{result}: frame {number} is shown at {times[1]:.2f} s, in {source} at "
                f"{times[0]:.2f} s; expected the same frames at the same rate"
            )
        yield times[0], _rgb(before), _rgb(after)


def _rgb(frame: Frame) -> Array:
    return to_8_bits(frame.pixels()[..., :3])


def _measured(pairs: Iterator[tuple[float, Array, Array]]) -> Iterator[tuple[float, Flicker]]:
    times: list[float] = []
    waiting: list[Array] = []

    def sources() -> Iterator[Array]:
        for time, before, after in pairs:
            times.append(time)
            waiting.append(after)
            yield before

    def results() -> Iterator[Array]:
        while waiting:
            yield waiting.pop()

    for one in flicker(sources(), results()):
        yield times[-1], one
        del times[:-1]
