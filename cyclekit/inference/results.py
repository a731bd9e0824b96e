"""How files are translated, and what became of each."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cyclekit.inference.control import Control
from cyclekit.inference.cycle import Cycle


@dataclass(frozen=True)
class Options:
    """How files are translated."""

    size: tuple[int, int] | None = None
    """Exact width and height in pixels to translate at; None keeps the picture's."""
    max_size: int | None = None
    """Most pixels of the longer side, shape kept; None for any."""
    color: bool = False
    """Let gray pictures become coloured."""
    compare: bool = False
    """Write before and after, side by side, into NAME.compare.png beside the output."""
    control: Control = field(default_factory=Control)
    """What may change."""
    overwrite: bool = False
    """Translate again what is already there."""


@dataclass(frozen=True)
class Result:
    """What became of one input."""

    input: Path
    """The file that was read."""
    output: Path
    """The file that was written, or would have been."""
    width: int | None = None
    """Columns of the output; None if it was not made now."""
    height: int | None = None
    """Rows of the output; None if it was not made now."""
    seconds: float | None = None
    """Work on this file: reading, its share of the network, writing."""
    frames: int | None = None
    """Frames of the output, where it is a video."""
    error: str | None = None
    """Why there is no output; None if there is."""
    skipped: bool = False
    """Whether the output was there already."""
    notes: tuple[str, ...] = ()
    """What the user should know."""
    cycle: Cycle | None = None
    """How far the picture is from itself after there and back; None if nobody looked."""

    def as_dict(self) -> dict[str, Any]:
        """Return what applies, ready for JSON."""
        error = None if self.cycle is None else self.cycle.error
        values = {
            "input": str(self.input),
            "output": None if self.error else str(self.output),
            "width": self.width,
            "height": self.height,
            "frames": self.frames,
            "seconds": None if self.seconds is None else round(self.seconds, 4),
            "error": self.error,
            "cycle_error": None if error is None else round(error, 3),
            "skipped": self.skipped or None,
            "notes": list(self.notes) or None,
        }
        return {key: value for key, value in values.items() if value is not None}
