"""Frames of a video on their way to the network."""

from __future__ import annotations

from collections.abc import Generator
from fractions import Fraction

from cyclekit.inference.fit import resized, wanted_size
from cyclekit.inference.video_options import VideoOptions
from cyclekit.media.video.clip import Source, Still
from cyclekit.media.video.times import chosen
from cyclekit.media.video.window import Window


class Reading:
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
