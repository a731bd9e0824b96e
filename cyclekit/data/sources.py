"""Pictures of a domain, read one by one."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from cyclekit.data.films import reader_of
from cyclekit.data.layouts import Domain
from cyclekit.data.source import Source
from cyclekit.errors import DataError, MediaError
from cyclekit.media.images import read_rgb

Pixels = NDArray[np.uint8]


def read_source(source: Source) -> Pixels:
    """Decode a picture, or its half of a side-by-side pair, to RGB uint8 (H, W, 3).

    Of a clip it is the first frame.

    Raises:
        MediaError: if the file cannot be decoded.
    """
    if source.frame is None:
        return wanted_half(read_rgb(source.path), source)
    return wanted_half(reader_of(source.path).frame(source.frame), source)


def wanted_half(image: Pixels, source: Source) -> Pixels:
    """Cut out what a source is of a picture or frame.

    Raises:
        MediaError: if it is half of what cannot be halved.
    """
    middle = image.shape[1] // 2
    if source.half and not middle:
        raise MediaError(f"{source.path}: 1 px wide, expected two pictures side by side")
    if source.half == "left":
        return np.ascontiguousarray(image[:, :middle])
    if source.half == "right":
        return np.ascontiguousarray(image[:, middle:])
    return image


def require_usable(domain: Domain, needed: int = 2) -> list[str]:
    """Make sure that a domain has pictures to learn from, reading no more than it must.

    Returns:
        What is wrong with the broken pictures met on the way.

    Raises:
        DataError: if fewer than `needed` pictures can be read.
    """
    usable, broken = 0, []
    for source in domain.train:
        try:
            read_source(source)
        except MediaError as error:
            broken.append(str(error))
            continue
        usable += 1
        if usable == needed:
            return broken
    reason = f"; the first broken one: {broken[0]}" if broken else ""
    raise DataError(
        f"domain '{domain.name}' has {usable} usable pictures, needs at least {needed}{reason}"
    )


def held_out_pictures(domain: Domain, count: int) -> Iterator[Pixels]:
    """Yield up to `count` readable pictures that training never sees (or its own, if none)."""
    for parts in held_out_clips(domain, count):
        yield parts[0]


def held_out_clips(domain: Domain, count: int) -> Iterator[list[Pixels]]:
    """Yield the frames of up to `count` such clips; a picture is a clip of one."""
    found = 0
    for source in domain.held_out or domain.train:
        if found == count:
            return
        try:
            yield [read_source(part) for part in source.parts]
        except MediaError:
            continue  # named by the one who translates or trains on it
        found += 1


def held_out_pairs(a: Domain, b: Domain, count: int) -> Iterator[tuple[Pixels, Pixels]]:
    """Yield up to `count` readable pairs, as `held_out_pictures` does pictures."""
    found = 0
    for one, other in zip(a.held_out or a.train, b.held_out or b.train, strict=True):
        if found == count:
            return
        try:
            yield read_source(one), read_source(other)
        except MediaError:
            continue
        found += 1
