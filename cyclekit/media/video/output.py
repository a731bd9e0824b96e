"""Where translated frames go: a video, an animation, pictures with a number, a pipe."""

from __future__ import annotations

import sys
from dataclasses import asdict, replace
from fractions import Fraction
from pathlib import Path
from typing import Any, Protocol

from cyclekit.errors import UsageError
from cyclekit.media.video import codecs
from cyclekit.media.video.animation import between, write_gif, write_webp
from cyclekit.media.video.clip import Clip, Still
from cyclekit.media.video.codecs import Container, Encoding, Wishes
from cyclekit.media.video.colour import stored_colour
from cyclekit.media.video.companions import companions
from cyclekit.media.video.encoder import Encoder
from cyclekit.media.video.join import join
from cyclekit.media.video.numbered import Pictures
from cyclekit.media.video.pipes import PIPE, Y4M, RawSink, Y4mSink
from cyclekit.media.video.segmented import Segmented
from cyclekit.media.video.sequence import FIRST, Pattern, can_write, is_pattern
from cyclekit.media.video.times import Pace
from cyclekit.media.video.window import Window
from cyclekit.media.video.work import Work


class Sink(Protocol):
    """Takes frames."""

    @property
    def done(self) -> int:
        """Frames that an earlier run has finished."""

    def remember(self, memory: bytes) -> None:
        """Keep what the translation remembers, where a later run can go on from here."""

    def recall(self) -> bytes | None:
        """Return what was remembered where this run begins; None at the beginning."""

    def add(self, still: Still) -> None:
        """Take the next frame."""

    def finish(self, window: Window) -> tuple[str, ...]:
        """Make the output whole, with what goes along; return what the user should know."""

    def abandon(self) -> None:
        """Stop in the middle; what can be gone on with stays."""


class Output(Protocol):
    """Where frames go; all is checked, nothing is written yet."""

    path: Path
    """What the user named."""
    notes: tuple[str, ...]
    """What the user should know beforehand."""

    def exists(self) -> bool:
        """Whether it is there already."""

    def settings(self) -> dict[str, Any]:
        """Return what its segments depend on, ready for JSON."""

    def open(self, settings: dict[str, Any] | None) -> Sink:
        """Begin, or go on with what a run under the same settings has left."""


def choose_output(
    path: Path, wishes: Wishes, clip: Clip, source: Path | None, *, raw: bool = False
) -> Output:
    """Decide how frames are written to what the user named.

    Args:
        path: a file, a pattern such as `frames/%06d.png`, or `-` for stdout.
        wishes: how the user wants it.
        clip: what will be written; its colours are those of the source.
        source: the file with sound and the like to go along; None if there is none.
        raw: for stdout, raw RGB instead of y4m.

    Raises:
        UsageError: if the wishes do not fit together, or not the output.
        MediaError: if the source cannot be read.
    """
    if path == PIPE:
        return _Pipe(wishes, clip, source, raw)
    if raw:
        raise UsageError(f"{path}: raw frames go to stdout only; name it -")
    if is_pattern(path):
        return _Sequence(path, wishes, clip, source)
    if codecs.container_of(path).format in codecs.ANIMATIONS:
        return _Animation(path, wishes, clip, source)
    return _Video(path, wishes, clip, source)


class _File:
    """A file that is made of encoded segments."""

    def __init__(self, path: Path, encoding: Encoding, clip: Clip) -> None:
        self.path = path
        self.notes: tuple[str, ...] = ()
        self._encoding = encoding
        self._clip = clip

    def exists(self) -> bool:
        return self.path.exists()

    def settings(self) -> dict[str, Any]:
        how = self._encoding
        words = [how.codec.encoder, how.pixel_format, dict(how.options)]
        return {"encoding": words, "clip": str(asdict(self._clip))}

    def open(self, settings: dict[str, Any] | None) -> Sink:
        work = Work(self.path, settings)

        def begin() -> Encoder:
            return Encoder(work.path(".mp4"), self._encoding, self._clip)

        def finish(window: Window) -> tuple[str, ...]:
            made = work.folder / f"joined{self.path.suffix}"
            self._make(made, work, window)
            made.replace(self.path)
            return ()

        return Segmented(work, begin, finish)

    def _make(self, path: Path, work: Work, window: Window) -> None:
        raise NotImplementedError


class _Video(_File):
    """A video file."""

    def __init__(self, path: Path, wishes: Wishes, clip: Clip, source: Path | None) -> None:
        container = codecs.container_of(path)
        size, told = _size(path, wishes, clip)
        encoding = codecs.choose(path, wishes, size)
        super().__init__(path, encoding, _stored(clip, size))
        self._source = source
        self._companions = companions(source, container) if source else ()
        heard = (companion.note for companion in self._companions if companion.note)
        self.notes = (*told, *encoding.notes, *_lost(clip, encoding), *heard)

    def _make(self, path: Path, work: Work, window: Window) -> None:
        along = (self._source, self._companions, window)
        join(path, work.folder, work.segments, self._encoding, self._clip, *along)


class _Animation(_File):
    """A GIF or an animated WebP."""

    def __init__(self, path: Path, wishes: Wishes, clip: Clip, source: Path | None) -> None:
        container = codecs.container_of(path)
        self._crf = _animation_quality(container, wishes)
        size, told = _squared(clip, container.format)
        super().__init__(path, between(container, clip.alpha), _stored(clip, size))
        self.notes = (*told, *_left_out(source, container))

    def _make(self, path: Path, work: Work, window: Window) -> None:
        if self._encoding.container.format == "gif":
            write_gif(path, work.folder, work.segments, self._clip)
        else:
            write_webp(path, work.folder, work.segments, self._clip, self._crf)


class _Sequence:
    """Pictures with a number."""

    def __init__(self, path: Path, wishes: Wishes, clip: Clip, source: Path | None) -> None:
        self.path = path
        self._clip = clip
        self._pattern = Pattern(path)
        _refuse(wishes, "pictures")
        if not can_write(path):
            raise UsageError(f"{path}: pictures of this ending cannot be written; try .png")
        self.notes = _left_out(source, Container("pictures"))

    def exists(self) -> bool:
        return bool(self._pattern.files())

    def settings(self) -> dict[str, Any]:
        return {}

    def open(self, settings: dict[str, Any] | None) -> Sink:
        work = Work(self.path, settings)

        def begin() -> Pictures:
            return Pictures(self._pattern, sum(len(segment.pts) for segment in work.segments))

        def finish(_: Window) -> tuple[str, ...]:
            times = [pts for segment in work.segments for pts in segment.pts]
            pace = Pace(self._clip)
            for pts in times:
                pace.add(pts)
            for number, path in self._pattern.files().items():
                if number >= FIRST + len(times):  # of a longer video, which was there before
                    path.unlink()
            return pace.notes("pictures")

        return Segmented(work, begin, finish)


class _Pipe:
    """Frames on stdout."""

    path = PIPE

    def __init__(self, wishes: Wishes, clip: Clip, source: Path | None, raw: bool) -> None:
        kept = Wishes(pixel_format=wishes.pixel_format)
        _refuse(replace(wishes, pixel_format=None), "frames on stdout")
        if raw:
            _refuse(kept, "raw frames")
        self._raw = raw
        self._format = codecs.ffmpeg_name(wishes.pixel_format or codecs.PIXEL_FORMATS[0])
        if self._format not in Y4M:
            raise UsageError(f"--pixel-format {wishes.pixel_format}: y4m does not hold it")
        self._clip = _stored(clip, (clip.width, clip.height))
        self.notes = _left_out(source, Container("pipes"))

    def exists(self) -> bool:
        return False

    def settings(self) -> dict[str, Any]:
        return {}

    def open(self, settings: dict[str, Any] | None) -> Sink:
        file = sys.stdout.buffer
        return RawSink(file, self._clip) if self._raw else Y4mSink(file, self._clip, self._format)


def _stored(clip: Clip, size: tuple[int, int]) -> Clip:
    width, height = size
    aspect = clip.aspect if size == (clip.width, clip.height) else Fraction(1)
    colour = stored_colour(clip, width, height)
    return replace(clip, width=width, height=height, colour=colour, aspect=aspect)


def _size(path: Path, wishes: Wishes, clip: Clip) -> tuple[tuple[int, int], tuple[str, ...]]:
    """Return the size that looks right where neither file nor codec say how wide a pixel is."""
    container = codecs.container_of(path)
    name = wishes.codec or container.codecs[0]
    if container.tells_aspect or codecs.CODECS[name].tells_aspect:
        return (clip.width, clip.height), ()
    return _squared(clip, f"{name} in {path.suffix}")


def _squared(clip: Clip, what: str) -> tuple[tuple[int, int], tuple[str, ...]]:
    """Make pixels square where a file cannot say that they are not."""
    if clip.aspect == 1:
        return (clip.width, clip.height), ()
    width, height = codecs.square_size((clip.width, clip.height), clip.aspect)
    note = f"{what} cannot say that pixels are not square: written at {width}x{height}, with square ones"
    return (width, height), (note,)


def _lost(clip: Clip, encoding: Encoding) -> tuple[str, ...]:
    notes = []
    if clip.depth > 8 and not encoding.pixel_format.endswith("le"):
        hint = "--pixel-format yuv420p10 keeps more"
        notes.append(f"{clip.depth} bits become 8; {hint}")
    if clip.alpha:
        notes.append("transparency is left out; white shows where it was")
    return tuple(notes)


def _left_out(source: Path | None, container: Container) -> tuple[str, ...]:
    found = companions(source, container) if source else ()
    return tuple(companion.note for companion in found if companion.note)


def _animation_quality(container: Container, wishes: Wishes) -> int | None:
    _refuse(replace(wishes, crf=None), container.format)
    if container.format == "gif" and wishes.crf is not None:
        raise UsageError("--crf means nothing to gif; leave it out")
    if wishes.crf is not None and wishes.crf > 100:
        raise UsageError(f"--crf {wishes.crf}: expected 0 to 100 for webp")
    return wishes.crf


def _refuse(wishes: Wishes, what: str) -> None:
    for name, value in asdict(wishes).items():
        if value is not None:
            raise UsageError(f"--{name.replace('_', '-')} means nothing to {what}; leave it out")
