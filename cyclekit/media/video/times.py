"""Times of frames: made to rise, chosen, counted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

from cyclekit.media.video.clip import Clip, Frame


@dataclass(frozen=True)
class Cut:
    """Which part of a video is wanted."""

    start: Fraction | None = None
    """Seconds from the file's beginning; frames shown from then on; None for the beginning."""
    end: Fraction | None = None
    """Seconds from the file's beginning; frames shown before; None for the end."""
    every: int = 1
    """One frame of so many is kept, and shown for as long as all of them."""
    most: int | None = None
    """Frames kept at most; None for all."""

    def frames(self, clip: Clip) -> int | None:
        """Estimate how many frames are kept; None where the clip promises no number."""
        if clip.frames is None:
            return None if self.end is None else self._limited(self.end, clip)
        whole = clip.frames / clip.rate
        return self._limited(whole if self.end is None else min(whole, self.end), clip)

    def _limited(self, end: Fraction, clip: Clip) -> int:
        shown = max(Fraction(0), end - (self.start or 0)) * clip.rate
        kept = -(-round(shown) // self.every)
        return kept if self.most is None else min(kept, self.most)


class Pace:
    """Finds out whether frames come at even times.

    Args:
        clip: what they are of; its rate is what even times would be.
    """

    def __init__(self, clip: Clip) -> None:
        self._rate = clip.rate
        self._last: int | None = None
        self._steps: list[int] = []

    def add(self, pts: int) -> None:
        """Look at the next frame."""
        if self._last is not None:
            steps = (*self._steps, pts - self._last)
            self._steps = [min(steps), max(steps)]
        self._last = pts

    def notes(self, what: str) -> tuple[str, ...]:
        """Say that times are lost, if they are.

        Args:
            what: the kind of output that cannot keep them.
        """
        if not self._steps or self._steps[1] - self._steps[0] <= max(1, self._steps[0] / 100):
            return ()
        rate = f"{float(self._rate):.4g}"
        return (
            f"frames come at uneven times, which {what} cannot keep; on average {rate} a second",
        )


def rising(frames: Iterator[Frame], usual: int) -> Iterator[Frame]:
    """Push a frame that is not after the one before just behind it; give each a duration.

    Args:
        frames: as decoded; times may stand still or jump back in a damaged file.
        usual: the duration to take for the last frame if it says none.
    """
    before: Frame | None = None
    for frame in frames:
        if before is not None:
            if frame.pts <= before.pts:
                frame = replace(frame, pts=before.pts + 1)
            yield replace(before, duration=before.duration or frame.pts - before.pts)
        before = frame
    if before is not None:
        yield replace(before, duration=before.duration or usual)


def chosen(frames: Iterator[Frame], clip: Clip, cut: Cut) -> Iterator[Frame]:
    """Keep the frames of a cut; one that stands for many lasts as long as all of them."""
    kept: Frame | None = None
    made = 0
    for number, frame in enumerate(_between(frames, clip, cut)):
        if number % cut.every == 0:
            if kept is not None:
                yield kept
                made += 1
            if made == cut.most:
                return
            kept = frame
        else:
            assert kept is not None
            kept = replace(kept, duration=frame.pts + frame.duration - kept.pts)
    if kept is not None:
        yield kept


def _between(frames: Iterator[Frame], clip: Clip, cut: Cut) -> Iterator[Frame]:
    for frame in frames:
        time = frame.pts * clip.time_base - clip.start
        if cut.end is not None and time >= cut.end:
            return
        if cut.start is None or time >= cut.start:
            yield frame
