"""Outputs that are one file, made of encoded segments."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from cyclekit.errors import UsageError
from cyclekit.media.video.animation import between, write_gif, write_webp
from cyclekit.media.video.clip import Clip
from cyclekit.media.video.codecs import CODECS, Container
from cyclekit.media.video.companions import companions
from cyclekit.media.video.encoder import Encoder
from cyclekit.media.video.encoding import Encoding, Wishes, choose, container_of, square_size
from cyclekit.media.video.fitting import left_out, refuse, stored
from cyclekit.media.video.join import join
from cyclekit.media.video.segmented import Segmented
from cyclekit.media.video.sink import Sink
from cyclekit.media.video.window import Window
from cyclekit.media.video.work import Work


class _FileOutput:
    """A file that is made of encoded segments."""

    def __init__(self, path: Path, encoding: Encoding, clip: Clip) -> None:
        self.path = path
        self.notes: tuple[str, ...] = ()
        self._encoding = encoding
        self._clip = clip

    def exists(self) -> bool:
        """Whether the file is there already."""
        return self.path.exists()

    def settings(self) -> dict[str, Any]:
        """Return how segments are encoded."""
        how = self._encoding
        words = [how.codec.encoder, how.pixel_format, dict(how.options)]
        return {"encoding": words, "clip": str(asdict(self._clip))}

    def open(self, settings: dict[str, Any] | None) -> Sink:
        """Begin, or go on."""
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


class VideoOutput(_FileOutput):
    """A video file."""

    def __init__(self, path: Path, wishes: Wishes, clip: Clip, source: Path | None) -> None:
        container = container_of(path)
        size, told = _size(path, wishes, clip)
        encoding = choose(path, wishes, size)
        super().__init__(path, encoding, stored(clip, size))
        self._source = source
        self._companions = companions(source, container) if source else ()
        heard = (companion.note for companion in self._companions if companion.note)
        self.notes = (*told, *encoding.notes, *_lost(clip, encoding), *heard)

    def _make(self, path: Path, work: Work, window: Window) -> None:
        along = (self._source, self._companions, window)
        join(path, work.folder, work.segments, self._encoding, self._clip, *along)


class AnimationOutput(_FileOutput):
    """A GIF or an animated WebP."""

    def __init__(self, path: Path, wishes: Wishes, clip: Clip, source: Path | None) -> None:
        container = container_of(path)
        self._crf = _animation_quality(container, wishes)
        size, told = _squared(clip, container.format)
        super().__init__(path, between(container, clip.alpha), stored(clip, size))
        self.notes = (*told, *left_out(source, container))

    def _make(self, path: Path, work: Work, window: Window) -> None:
        if self._encoding.container.format == "gif":
            write_gif(path, work.folder, work.segments, self._clip)
        else:
            write_webp(path, work.folder, work.segments, self._clip, self._crf)


def _size(path: Path, wishes: Wishes, clip: Clip) -> tuple[tuple[int, int], tuple[str, ...]]:
    """Return the size that looks right where neither file nor codec say how wide a pixel is."""
    container = container_of(path)
    name = wishes.codec or container.codecs[0]
    if container.tells_aspect or CODECS[name].tells_aspect:
        return (clip.width, clip.height), ()
    return _squared(clip, f"{name} in {path.suffix}")


def _squared(clip: Clip, what: str) -> tuple[tuple[int, int], tuple[str, ...]]:
    """Make pixels square where a file cannot say that they are not."""
    if clip.aspect == 1:
        return (clip.width, clip.height), ()
    width, height = square_size((clip.width, clip.height), clip.aspect)
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


def _animation_quality(container: Container, wishes: Wishes) -> int | None:
    refuse(replace(wishes, crf=None), container.format)
    if container.format == "gif" and wishes.crf is not None:
        raise UsageError("--crf means nothing to gif; leave it out")
    if wishes.crf is not None and wishes.crf > 100:
        raise UsageError(f"--crf {wishes.crf}: expected 0 to 100 for webp")
    return wishes.crf
