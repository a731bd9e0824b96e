"""What an output makes of a clip, and of wishes that mean nothing to it."""

from __future__ import annotations

from dataclasses import asdict, replace
from fractions import Fraction
from pathlib import Path

from cyclekit.errors import UsageError
from cyclekit.media.video.clip import Clip
from cyclekit.media.video.codecs import Container
from cyclekit.media.video.colour import stored_colour
from cyclekit.media.video.companions import companions
from cyclekit.media.video.encoding import Wishes


def stored(clip: Clip, size: tuple[int, int]) -> Clip:
    """Describe a clip as it is stored: at a size (another one has square pixels), with its tags."""
    width, height = size
    aspect = clip.aspect if size == (clip.width, clip.height) else Fraction(1)
    colour = stored_colour(clip, width, height)
    return replace(clip, width=width, height=height, colour=colour, aspect=aspect)


def left_out(source: Path | None, container: Container) -> tuple[str, ...]:
    """Say what of a source does not go along into a kind of output that holds frames alone."""
    found = companions(source, container) if source else ()
    return tuple(companion.note for companion in found if companion.note)


def refuse(wishes: Wishes, what: str) -> None:
    """Raise a UsageError for any wish; `what` is the output that it means nothing to."""
    for name, value in asdict(wishes).items():
        if value is not None:
            raise UsageError(f"--{name.replace('_', '-')} means nothing to {what}; leave it out")
