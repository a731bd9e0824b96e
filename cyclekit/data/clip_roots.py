"""Videos as piles of clips, for methods that learn from motion."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cyclekit.data.films import FILM_SUFFIXES, clips_of
from cyclekit.data.layouts import Domain, check_names, films_of, name_of, require_piles, split
from cyclekit.data.source import Source
from cyclekit.errors import DataError
from cyclekit.media.folders import list_files


def find_clips(
    roots: Sequence[Path], names: Sequence[str] | None = None, *, spacing: int = 1
) -> tuple[Domain]:
    """Find the only domain.

    Args:
        roots: videos, patterns of videos, and folders of them; all are one pile.
        names: of the domain; None takes the first root's name.
        spacing: frames from one of a clip to the next.

    Raises:
        DataError: if there is no video.
        MediaError: if one cannot be read.
        ConfigError: if there is not one name.
    """
    require_piles(roots)
    if not roots:
        raise DataError("expected videos, or a folder of them")
    clips = tuple(clip for root in roots for clip in _clips(root, spacing))
    name = (check_names(names, 1) or [name_of(roots[0])])[0]
    return (split(name, clips, ()),)


def find_two_clips(
    roots: Sequence[Path], names: Sequence[str] | None = None, *, spacing: int = 1
) -> tuple[Domain, Domain]:
    """Find both domains, each a video, a pattern of videos, or a folder of them; else as above."""
    if len(roots) != 2:
        raise DataError(f"expected two videos, or folders of them, one a domain; got {len(roots)}")
    first, second = check_names(names, 2) or [name_of(root) for root in roots]
    if first == second:
        first, second = f"{first}-A", f"{second}-B"
    (a,) = find_clips(roots[:1], [first], spacing=spacing)
    (b,) = find_clips(roots[1:], [second], spacing=spacing)
    return a, b


def _clips(root: Path, spacing: int) -> list[Source]:
    films = list_files(root, FILM_SUFFIXES) if root.is_dir() else films_of(root)
    if not films:
        raise DataError(f"{root}: no videos in this folder")
    return [clip for film in films for clip in clips_of(film, spacing)]
