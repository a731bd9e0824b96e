"""Outputs that are frames and nothing else: pictures with a number, and stdout."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from cyclekit.errors import UsageError
from cyclekit.media.video.clip import Clip
from cyclekit.media.video.codecs import PIXEL_FORMATS, Container
from cyclekit.media.video.encoding import Wishes, ffmpeg_name
from cyclekit.media.video.fitting import left_out, refuse, stored
from cyclekit.media.video.numbered import Pictures
from cyclekit.media.video.pipes import PIPE, RawSink
from cyclekit.media.video.segmented import Segmented
from cyclekit.media.video.sequence import FIRST, Pattern, can_write
from cyclekit.media.video.sink import Sink
from cyclekit.media.video.times import Pace
from cyclekit.media.video.window import Window
from cyclekit.media.video.work import Work, folder_of
from cyclekit.media.video.y4m import Y4M, Y4mSink


class PicturesOutput:
    """Pictures with a number."""

    def __init__(self, path: Path, wishes: Wishes, clip: Clip, source: Path | None) -> None:
        self.path = path
        self._clip = clip
        self._pattern = Pattern(path)
        refuse(wishes, "pictures")
        if not can_write(path):
            raise UsageError(f"{path}: pictures of this ending cannot be written; try .png")
        self.notes = left_out(source, Container("pictures"))

    def exists(self) -> bool:
        """Whether pictures of such a name are there, and none of them is of unfinished work."""
        return bool(self._pattern.files()) and not folder_of(self.path).exists()

    def settings(self) -> dict[str, Any]:
        """Return nothing: the name says it all."""
        return {}

    def open(self, settings: dict[str, Any] | None) -> Sink:
        """Begin, or go on."""
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


class PipeOutput:
    """Frames on stdout."""

    path = PIPE

    def __init__(self, wishes: Wishes, clip: Clip, source: Path | None, raw: bool) -> None:
        kept = Wishes(pixel_format=wishes.pixel_format)
        refuse(replace(wishes, pixel_format=None), "frames on stdout")
        if raw:
            refuse(kept, "raw frames")
        self._raw = raw
        self._format = ffmpeg_name(wishes.pixel_format or PIXEL_FORMATS[0])
        if self._format not in Y4M:
            raise UsageError(f"--pixel-format {wishes.pixel_format}: y4m does not hold it")
        self._clip = stored(clip, (clip.width, clip.height))
        self.notes = left_out(source, Container("pipes"))

    def exists(self) -> bool:
        """Whether it is there already: a pipe never is."""
        return False

    def settings(self) -> dict[str, Any]:
        """Return nothing: the name says it all."""
        return {}

    def open(self, settings: dict[str, Any] | None) -> Sink:
        """Begin to write to stdout."""
        file = sys.stdout.buffer
        return RawSink(file, self._clip) if self._raw else Y4mSink(file, self._clip, self._format)
