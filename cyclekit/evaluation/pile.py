"""Pictures that are measured together, and how those of two piles belong together."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from cyclekit.data.source import Source
from cyclekit.errors import DataError
from cyclekit.media.folders import list_pictures


@dataclass(frozen=True)
class Pile:
    """Pictures by key."""

    name: str
    """What it is called in tables."""
    sources: dict[str, Source]
    """Pictures by what pairs them: their place in the folder, without the ending."""

    def __len__(self) -> int:
        return len(self.sources)


def pile_of_folder(folder: Path, name: str | None = None) -> Pile:
    """Gather the pictures under a folder.

    Raises:
        DataError: if it is no folder, or holds fewer than two pictures.
    """
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder")
    sources = [Source(path) for path in list_pictures(folder)]
    if len(sources) < 2:
        raise DataError(f"{folder}: holds {len(sources)} pictures, needs at least 2 to compare")
    return Pile(name or str(folder), _by_key(sources, folder))


def pile_of_sources(name: str, sources: Sequence[Source]) -> Pile:
    """Gather pictures of a dataset."""
    parents = {str(source.path.parent) for source in sources}
    root = Path(os.path.commonpath(parents)) if parents else Path()
    return Pile(name, _by_key(sources, root))


def common_keys(*piles: Iterable[str]) -> list[str]:
    """Return the keys that all piles have, in the order of the first."""
    first, *others = piles
    sets = [set(keys) for keys in others]
    return [key for key in first if all(key in keys for keys in sets)]


def _by_key(sources: Sequence[Source], root: Path) -> dict[str, Source]:
    """Key each picture; where 1.png stands beside 1.jpg, both keep their endings."""
    places = [_place(source).relative_to(root) for source in sources]
    short = [place.with_suffix("").as_posix() for place in places]
    count = Counter(short)
    return {
        key if count[key] == 1 else place.as_posix(): source
        for key, place, source in zip(short, places, sources, strict=True)
    }


def _place(source: Source) -> Path:
    """Name a picture: a frame of a video by its time there."""
    path = source.path
    return (
        path if source.frame is None else path.with_name(f"{path.stem}-{source.frame}{path.suffix}")
    )
