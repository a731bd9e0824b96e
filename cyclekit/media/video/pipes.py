"""Frames without a file: raw RGB through stdin and stdout."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO

import numpy as np

from cyclekit.media.picture import to_8_bits
from cyclekit.media.video.clip import PICTURES, Clip, Frame, Still
from cyclekit.media.video.times import Pace
from cyclekit.media.video.window import Window

PIPE = Path("-")
"""What stands for stdin or stdout."""


class Pipe:
    """What all kinds have in common: nothing goes along, nothing can be read twice."""

    path = PIPE
    companions: Path | None = None

    def __init__(self, clip: Clip) -> None:
        self.clip = clip
        self.early: str | None = None

    def notes(self) -> tuple[str, ...]:
        """Say where the pipe broke off, if it did."""
        return (self.early,) if self.early else ()

    def fingerprint(self) -> None:
        """Return None."""
        return


class RawPipe(Pipe):
    """Raw frames, 8-bit RGB, row by row.

    Args:
        file: where to read.
        size: width and height.
        rate: frames a second.
    """

    def __init__(self, file: BinaryIO, size: tuple[int, int], rate: Fraction) -> None:
        super().__init__(Clip(*size, 1 / rate, rate, colour=PICTURES))
        self._file = file

    def frames(self) -> Iterator[Frame]:
        """Read all frames; bytes that are no whole frame at the end are said, and left out."""
        height, width = self.clip.height, self.clip.width
        number = 0
        while len(data := self._file.read(height * width * 3)) == height * width * 3:
            pixels = np.frombuffer(data, np.uint8).reshape(height, width, 3)
            yield Frame(number, 1, lambda pixels=pixels: pixels)  # type: ignore[misc]
            number += 1
        if data:
            self.early = f"{len(data)} bytes at the end are no whole frame; is --raw-size right?"


class PipeSink:
    """What all kinds have in common: there is nothing to go on with."""

    done = 0

    def __init__(self, file: BinaryIO, clip: Clip) -> None:
        self.file = file
        self.pace = Pace(clip)

    def remember(self, memory: bytes) -> None:
        """Forget it: nobody goes on from here."""

    def recall(self) -> bytes | None:
        """Return nothing: this is always the beginning."""
        return None

    def finish(self, window: Window) -> tuple[str, ...]:
        """Hand over what is left."""
        self.file.flush()
        return self.pace.notes("pipes")

    def abandon(self) -> None:
        """Leave it at what was written."""


class RawSink(PipeSink):
    """Writes raw frames, 8-bit RGB.

    Args:
        file: where to write.
        clip: what will come.
    """

    def add(self, still: Still) -> None:
        """Write a frame; OSError if nobody reads any more."""
        self.pace.add(still.pts)
        self.file.write(np.ascontiguousarray(to_8_bits(still.pixels)[..., :3]).data)
