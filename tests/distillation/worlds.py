"""Teachers that are no networks: what they do is known."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cyclekit.data.layouts import Domain
from cyclekit.data.source import Source
from cyclekit.distillation.teacher import Teacher
from cyclekit.media.images import Picture, write
from tests.tiny import picture


class Negative:
    """Makes negatives, and counts them."""

    def __init__(self) -> None:
        self.asked = 0

    def stream(self, images: Iterable[NDArray[np.uint8]]) -> Iterator[NDArray[np.uint8]]:
        for image in images:
            self.asked += 1
            yield 255 - image

    def teacher(self, identity: str = "negative-ab") -> Teacher:
        return Teacher(self.stream, ("day", "night"), "negative.pth", identity, "by hand")


def photographs(folder: Path, count: int = 5, held_out: int = 1) -> Domain:
    """Write pictures 24 high and 40 wide."""
    sources = []
    for number in range(count):
        path = folder / f"{number}.png"
        write(path, Picture(picture(24, 40, seed=number)))
        sources.append(Source(path))
    train = count - held_out
    return Domain("day", tuple(sources[:train]), tuple(sources[train:]))
