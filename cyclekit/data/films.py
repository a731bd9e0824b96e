"""Videos as piles of pictures: which of their frames are learned from."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from cyclekit.data.source import Source
from cyclekit.errors import MediaError
from cyclekit.media.video.access import FilmReader
from cyclekit.media.video.folder import VIDEO_SUFFIXES
from cyclekit.media.video.survey import survey

CLIP = 3
"""Frames of a clip: two tell the motion, the third is what comes of it."""
FILM_SUFFIXES = VIDEO_SUFFIXES - {".gif"}
"""Endings by which a folder's videos are known where pictures lie beside them."""


def is_film(path: Path) -> bool:
    """Say whether a file is a video, by its ending."""
    return path.suffix.lower() in VIDEO_SUFFIXES and path.is_file()


def frames_of(film: Path) -> tuple[Source, ...]:
    """Return the frames of a video that are not near-duplicates of earlier ones.

    Of one that cannot be read there is a single source, whose reading says why.
    """
    try:
        found = survey(film)
    except MediaError:
        return (Source(film, frame=0),)
    return tuple(Source(film, frame=found.times[place]) for place in found.new)


def clips_of(film: Path, spacing: int) -> tuple[Source, ...]:
    """Return the clips of `CLIP` frames that begin with such a frame and cross no known cut.

    Args:
        film: a video.
        spacing: frames from one of a clip to the next.

    Raises:
        MediaError: if it cannot be read.
    """
    found = survey(film)
    reach = (CLIP - 1) * spacing
    starts = [
        place
        for place in found.new
        if place + reach < len(found.times)
        and not any(place < cut <= place + reach for cut in found.cuts)
    ]
    return tuple(
        Source(
            film,
            frame=found.times[start],
            following=found.times[start + spacing : start + reach + 1 : spacing],
        )
        for start in starts
    )


@lru_cache(maxsize=8)
def reader_of(film: Path) -> FilmReader:
    """Return what finds frames of a video; the latest few stay open.

    Raises:
        MediaError: if it cannot be read.
    """
    return FilmReader(film)
