"""A picture that was looked at."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cyclekit.media.glance import Glance
from cyclekit.survey.look import Look


@dataclass(frozen=True, slots=True)
class Seen:
    """A picture that can be read."""

    path: Path
    """Its file."""
    pile: int
    """Index of its pile."""
    header: Glance
    """What its header says."""
    look: Look
    """What its pixels say."""
