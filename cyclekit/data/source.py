"""One picture to learn from, wherever it lies."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

Half = Literal["left", "right"]


@dataclass(frozen=True)
class Source:
    """A picture of a domain, or a few frames of a video."""

    path: Path
    """The file."""
    half: Half | None = None
    """Which half of a side-by-side pair; None for the whole picture."""
    frame: int | None = None
    """Which frame of a video: when it is shown, in its time base; None for a picture file."""
    following: tuple[int, ...] = ()
    """The frames that make a clip of it, in the same unit."""

    @property
    def parts(self) -> tuple[Source, ...]:
        """The single pictures of a clip; of a picture, itself."""
        if not self.following:
            return (self,)
        first = replace(self, following=())
        return (first, *(replace(first, frame=time) for time in self.following))
