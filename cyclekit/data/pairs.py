"""Two domains whose pictures belong together one to one."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from cyclekit.data.layouts import Domain, find_domains
from cyclekit.data.source import Source
from cyclekit.errors import DataError


def find_pairs(roots: Sequence[Path], names: Sequence[str] | None = None) -> tuple[Domain, Domain]:
    """Find two domains of pairs: the pictures at one place of both belong together.

    Args:
        roots: laid out as for `find_domains`. The halves of a side-by-side picture are a pair; of
            two folders, pictures of one name (their endings may differ).
        names: of the domains; None takes the folders' names.

    Raises:
        DataError: if the folders do not exist, are laid out otherwise, or a picture is alone.
    """
    a, b = find_domains(roots, names)
    train = _partners(a.train, b.train)
    held_out = _partners(a.held_out, b.held_out)
    return a, replace(b, train=train, held_out=held_out)


def _partners(a: tuple[Source, ...], b: tuple[Source, ...]) -> tuple[Source, ...]:
    """Return the partners of `a` in their order."""
    ours, theirs = _by_key(a), _by_key(b)
    alone = [*(ours.keys() - theirs.keys()), *(theirs.keys() - ours.keys())]
    if alone:
        source = (ours | theirs)[min(alone)]
        raise DataError(
            f"{source.path}: no picture of this name in the other folder ({len(alone)} are alone); "
            "pairs must have the same names"
        )
    return tuple(theirs[key] for key in ours)


def _by_key(sources: tuple[Source, ...]) -> dict[str, Source]:
    """Name the pictures by their place below the folder that holds them all."""
    if not sources:
        return {}
    top = os.path.commonpath([source.path.parent for source in sources])
    places = [source.path.relative_to(top) for source in sources]
    short = [place.with_suffix("").as_posix() for place in places]
    count = Counter(short)
    return {
        key if count[key] == 1 else place.as_posix(): source
        for key, place, source in zip(short, places, sources, strict=True)
    }
