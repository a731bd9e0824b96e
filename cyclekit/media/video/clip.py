"""A video in terms of this project: what it says of itself, and its frames."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Protocol

from cyclekit.media.picture import Array

UNSPECIFIED = 2
"""How a tag of ITU-T H.273 says nothing."""


@dataclass(frozen=True)
class Colour:
    """How stored numbers become light: code points of ITU-T H.273, as in every modern file."""

    matrix: int = UNSPECIFIED
    """From RGB to luma and chroma: 0 is RGB itself, 1 BT.709, 5 and 6 BT.601, 9 BT.2020."""
    primaries: int = UNSPECIFIED
    """What red, green and blue are: 1 BT.709, 9 BT.2020."""
    transfer: int = UNSPECIFIED
    """From light to numbers: 1 BT.709, 13 sRGB, 16 PQ, 18 HLG."""
    range: int = 0
    """1 limited (16 to 235), 2 full (0 to 255), 0 unknown."""


PICTURES = Colour(matrix=0, primaries=1, transfer=13, range=2)
"""Colours of picture files and animations: sRGB."""


@dataclass(frozen=True)
class Clip:
    """What a video says of itself, with its frames turned upright."""

    width: int
    """Columns."""
    height: int
    """Rows."""
    time_base: Fraction
    """Seconds in a unit of time."""
    rate: Fraction
    """Frames in a second, on average."""
    frames: int | None = None
    """How many it promises; None where that is not said."""
    start: Fraction = Fraction(0)
    """Seconds at which the file's time begins."""
    aspect: Fraction = Fraction(1)
    """Width of a pixel over its height, on the screen."""
    colour: Colour = Colour()
    """Tags, as they are stored."""
    depth: int = 8
    """Bits in a channel; above 8, frames are uint16 of full scale."""
    alpha: bool = False
    """Whether frames have a fourth channel, opacity."""
    loop: int = 0
    """How often an animation is repeated; 0 is without end, -1 not at all."""


@dataclass(frozen=True)
class Frame:
    """A decoded frame whose pixels are made when they are asked for."""

    pts: int
    """When it is shown, in units of the clip's time base."""
    duration: int
    """For how long, in the same unit; 0 where that is not said."""
    pixels: Callable[[], Array]
    """Gives uint8 or uint16 RGB, (H, W, 3) or with opacity (H, W, 4)."""


@dataclass(frozen=True)
class Still:
    """A frame with its pixels in memory."""

    pts: int
    """When it is shown, in units of the clip's time base."""
    duration: int
    """For how long."""
    pixels: Array
    """uint8 or uint16 RGB, (H, W, 3) or with opacity (H, W, 4)."""


class Source(Protocol):
    """Where frames come from: a file, pictures with a number, a pipe."""

    path: Path
    """What the user named."""
    clip: Clip
    """What it says of itself."""
    companions: Path | None
    """The file with sound, subtitles, chapters and metadata to go along; None if there are none."""

    def frames(self) -> Iterator[Frame]:
        """Decode from the beginning, in the order of time, times strictly rising."""

    def notes(self) -> tuple[str, ...]:
        """Say what went wrong; complete when all frames have been read."""

    def fingerprint(self) -> dict[str, Any] | None:
        """Return what changes when the source does; None if it cannot be read twice."""
