"""Small piles of pictures and a network that describes them in no time."""

from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from cyclekit.evaluation.pile import Pile, pile_of_folder
from cyclekit.media.images import Picture, write
from cyclekit.models.features.base import FeatureNetwork, Features
from cyclekit.models.features.extractor import Extractor


class Averages(FeatureNetwork):
    """Describes a picture by the colours of its 4 x 4 fields; counts how often it is asked."""

    title, side, width = "Averages", 16, 48

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0

    def forward(self, levels: Tensor) -> Features:
        self.asked += len(levels)
        places = F.avg_pool2d(levels, 4) / 255
        return Features(places.flatten(1), places)


def averages(*, published: bool = True) -> Extractor:
    return Extractor("averages", Averages(), "a" * 64, published)


def scene(seed: int, tint: float = 0.0, side: int = 32) -> NDArray[np.uint8]:
    """Paint a smooth picture with shapes that depend on the seed, redder with the tint."""
    draws = np.random.default_rng(seed)
    canvas = np.full((side, side, 3), draws.integers(60, 160, 3), np.uint8)
    for _ in range(4):
        corner = draws.integers(0, side, 2).tolist()
        size = draws.integers(4, side // 2, 2).tolist()
        colour = draws.integers(0, 255, 3).tolist()
        cv2.rectangle(
            canvas, corner, [a + b for a, b in zip(corner, size, strict=True)], colour, -1
        )
    canvas = cv2.GaussianBlur(canvas, (0, 0), 1)
    return np.clip(canvas + np.array([tint, 0, -tint]), 0, 255).astype(np.uint8)


def paint(
    folder: Path, count: int, *, first: int = 0, tint: float = 0.0, ending: str = "png"
) -> Pile:
    """Write `count` scenes as 0.png, 1.png, ..."""
    for number in range(count):
        write(folder / f"{number}.{ending}", Picture(scene(first + number, tint)))
    return pile_of_folder(folder, folder.name)


class Ears:
    """Listens and remembers."""

    def __init__(self) -> None:
        self.watched: list[tuple[str, int]] = []
        self.failures: list[str] = []

    def watch(self, items, what, total):
        self.watched.append((what, total))
        yield from items

    def failed(self, message: str) -> None:
        self.failures.append(message)


def cloud(count: int, seed: int = 0, shift: float = 0.0) -> Tensor:
    return torch.randn(count, 6, generator=torch.Generator().manual_seed(seed)) + shift
