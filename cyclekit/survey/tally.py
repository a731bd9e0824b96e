"""Counts of one pile, in little memory however many files there are."""

from __future__ import annotations

from array import array
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from cyclekit.media.glance import Glance

PARTS = (0, 10, 50, 90, 100)
"""Percentiles that are told."""


@dataclass
class Tally:
    """What was counted in a pile; grows file by file."""

    pictures: int = 0
    """Files that can be read as pictures, as far as was looked."""
    others: int = 0
    """Files that are no pictures, by ending and by content."""
    size: int = 0
    """Of the pictures' files, bytes."""
    formats: Counter[str] = field(default_factory=Counter)
    colours: Counter[str] = field(default_factory=Counter)
    channels: Counter[int] = field(default_factory=Counter)
    bits: Counter[int] = field(default_factory=Counter)
    problems: Counter[str] = field(default_factory=Counter)
    """Files by kind of problem."""
    widths: array[int] = field(default_factory=lambda: array("I"))
    heights: array[int] = field(default_factory=lambda: array("I"))

    def add(self, header: Glance, size: int) -> None:
        """Count a picture whose file has `size` bytes."""
        self.pictures += 1
        self.size += size
        self.formats[header.format] += 1
        self.colours[header.colour] += 1
        self.channels[header.channels] += 1
        self.bits[header.bits] += 1
        self.widths.append(header.width)
        self.heights.append(header.height)

    def drop(self) -> None:
        """Take back that one more picture can be read: its pixels cannot."""
        self.pictures -= 1

    @property
    def short_sides(self) -> Any:
        """Shorter side of every picture, px, (N,)."""
        return np.minimum(np.frombuffer(self.widths, "I"), np.frombuffer(self.heights, "I"))

    @property
    def aspects(self) -> Any:
        """Width over height of every picture, (N,)."""
        return np.frombuffer(self.widths, "I") / np.maximum(np.frombuffer(self.heights, "I"), 1)

    def spread(self, values: Any) -> dict[str, float]:
        """Return the percentiles of `PARTS` by name; nothing of nothing."""
        if not len(values):
            return {}
        return {f"p{part}": float(np.percentile(values, part)) for part in PARTS}

    def as_dict(self) -> dict[str, Any]:
        """Return all of it, ready for JSON."""
        return {
            "pictures": self.pictures, "other_files": self.others, "bytes": self.size,
            "formats": dict(self.formats), "colours": dict(self.colours),
            "channels": dict(self.channels), "bits": dict(self.bits),
            "short_side_px": self.spread(self.short_sides), "aspect": self.spread(self.aspects),
            "problems": dict(self.problems),
        }  # fmt: skip
