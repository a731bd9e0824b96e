"""What can be wrong with a file of a dataset, in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Weight = Literal["error", "warning", "note"]


@dataclass(frozen=True)
class Kind:
    """A kind of problem."""

    title: str
    """What such files are called."""
    meaning: str
    """What follows from it."""
    weight: Weight
    """error: the file is of no use; warning: look at it; note: good to know."""
    left_out: bool = False
    """Whether a cleaned set does without the file."""


KINDS: Mapping[str, Kind] = {
    "folder": Kind("folders that cannot be listed", "what lies there is unknown", "error"),
    "unreadable": Kind("unreadable", "nothing can use them", "error", left_out=True),
    "truncated": Kind("truncated", "the file ends before the picture does", "error", left_out=True),
    "flat": Kind("flat", "one colour and nothing else", "warning", left_out=True),
    "transparent": Kind("wholly transparent", "nothing is to be seen", "warning", left_out=True),
    "near-empty": Kind("nearly empty", "all but half a percent is one colour", "warning"),
    "ending": Kind("wrong ending", "some tools believe the ending", "warning"),
    "hidden": Kind(
        "pictures without a picture's ending", "training and translating pass them over", "warning"
    ),
    "name": Kind("names that are no text", "some tools cannot open them", "warning"),
    "long": Kind("long", "a square crop sees little of them", "warning"),
    "small": Kind("small", "crops of 64 pixels would be enlarged", "warning"),
    "gray": Kind("gray among colours", "a generator learns to make gray, too", "warning"),
    "turned": Kind("turned by EXIF", "cyclekit turns them upright; other tools may not", "note"),
    "colour": Kind("CMYK or Lab", "brought to sRGB when read", "note"),
    "depth": Kind("other than 8 bits", "training sees 8 bits", "note"),
    "alpha": Kind("with transparency", "training sees the colours below it", "note"),
    "frames": Kind("several frames or pages", "the first is used", "note"),
}
"""Kinds by name, the worst first."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something about one file."""

    kind: str
    """Key of `KINDS`."""
    path: Path
    """The file."""
    pile: int
    """Index of its pile."""
    detail: str = ""
    """What exactly: "holds JPEG"."""
