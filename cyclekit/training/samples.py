"""What the generators make of the same inputs as the run goes on."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cyclekit.data.layouts import Domain
from cyclekit.data.sources import held_out_clips, held_out_pairs, held_out_pictures
from cyclekit.media.atomic import replacing
from cyclekit.media.sheet import sheet
from cyclekit.methods.base import DataKind
from cyclekit.models import DomainGenerator, ImageGenerator, NoiseGenerator
from cyclekit.models.base import Kind
from cyclekit.models.predictor import Predictor
from cyclekit.pixels import to_image, to_tensor

Pixels = NDArray[np.uint8]
PICTURES = 4


class SampleSheet(ABC):
    """One picture that shows how far the generators are.

    Args:
        domains: what the run learns from.
        side: of the squares that are shown, px; one that the generators can make.
    """

    @abstractmethod
    def __init__(self, domains: Sequence[Domain], side: int) -> None: ...

    @abstractmethod
    def write(self, path: Path, generators: Mapping[str, Any]) -> None:
        """Run the generators, all of the kind that the sheet is for, and write one PNG."""


class TranslationSheet(SampleSheet):
    """Rows of input, translation, and translation back, for some held-out pictures.

    They are cut to squares from their middle.
    """

    def __init__(self, domains: Sequence[Domain], side: int) -> None:
        a, b = domains
        self.side = side
        self.pictures = {
            "ab": [_middle(image, side) for image in held_out_pictures(a, PICTURES)],
            "ba": [_middle(image, side) for image in held_out_pictures(b, PICTURES)],
        }

    def write(self, path: Path, generators: Mapping[str, ImageGenerator]) -> None:
        """Translate all pictures and write one PNG."""
        rows = [
            _row(picture, generators[direction], generators.get(direction[::-1]))
            for direction in generators
            for picture in self.pictures[direction]
        ]
        _write(path, sheet(rows, self.side))


class PairSheet(SampleSheet):
    """Rows of input, translation, and what it should be, for some held-out pairs."""

    def __init__(self, domains: Sequence[Domain], side: int) -> None:
        self.side = side
        a, b = domains
        pairs = held_out_pairs(a, b, PICTURES)
        self.pairs = [tuple(_middle(image, side) for image in pair) for pair in pairs]

    def write(self, path: Path, generators: Mapping[str, ImageGenerator]) -> None:
        """Translate one side of every pair and write one PNG."""
        rows = []
        for direction, generator in generators.items():
            x, y = ("ab".index(letter) for letter in direction)
            rows += [[*_row(pair[x], generator, None), pair[y]] for pair in self.pairs]
        _write(path, sheet(rows, self.side))


class NoiseSheet(SampleSheet):
    """Pictures from the same noise every time: a column a class, or a square of all."""

    ROWS, MOST_COLUMNS = 8, 16

    def __init__(self, domains: Sequence[Domain], side: int) -> None:
        self.side = side
        self.columns = min(len(domains), self.MOST_COLUMNS) if len(domains) > 1 else self.ROWS

    @torch.no_grad()
    def write(self, path: Path, generators: Mapping[str, NoiseGenerator]) -> None:
        """Make all pictures and write one PNG."""
        rows = []
        for generator in generators.values():
            for row in range(self.ROWS):
                numbers = range(row * self.columns, (row + 1) * self.columns)
                made = generator(*generator.inputs(numbers, seed=0))
                rows.append([_pixels(picture[None]) for picture in made])
        _write(path, sheet(rows, self.side))


class PredictionSheet(SampleSheet):
    """Rows of two frames, the one predicted from them, and the one that came."""

    def __init__(self, domains: Sequence[Domain], side: int) -> None:
        (domain,) = domains
        self.side = side
        self.clips = [
            [_middle(frame, side) for frame in clip] for clip in held_out_clips(domain, PICTURES)
        ]

    @torch.no_grad()
    def write(self, path: Path, generators: Mapping[str, Predictor]) -> None:
        """Predict all clips and write one PNG."""
        predictor = generators["next"]
        device = next(predictor.parameters()).device
        rows = []
        for *past, truth in self.clips:
            x = torch.cat([to_tensor(frame) for frame in past])[None]
            rows.append([*past, _pixels(predictor(x.to(device))), truth])
        _write(path, sheet(rows, self.side))


class DomainSheet(SampleSheet):
    """A row a held-out picture: itself, then its translation into every domain."""

    MOST = 8

    def __init__(self, domains: Sequence[Domain], side: int) -> None:
        self.side, self.domains = side, len(domains)
        each = max(1, self.MOST // len(domains))
        self.pictures = [
            _middle(image, side) for domain in domains for image in held_out_pictures(domain, each)
        ][: 2 * self.MOST]

    @torch.no_grad()
    def write(self, path: Path, generators: Mapping[str, DomainGenerator]) -> None:
        """Translate all pictures and write one PNG."""
        (generator,) = generators.values()
        device = next(generator.parameters()).device
        labels = torch.arange(self.domains, device=device)
        rows = []
        for picture in self.pictures:
            x = to_tensor(picture)[None].to(device)
            made = generator(x.expand(self.domains, -1, -1, -1), labels)
            rows.append([picture, *(_pixels(one[None]) for one in made)])
        _write(path, sheet(rows, self.side))


def sheet_for(data: DataKind, kind: Kind) -> type[SampleSheet]:
    """Choose how generators show what they can: by what they learn from, and what they are."""
    if kind == "translator":
        return PairSheet if data == "paired" else TranslationSheet
    sheets: dict[Kind, type[SampleSheet]] = {
        "noise": NoiseSheet,
        "domains": DomainSheet,
        "predictor": PredictionSheet,
    }
    return sheets[kind]


@torch.no_grad()
def _row(picture: Pixels, forth: ImageGenerator, back: ImageGenerator | None) -> Sequence[Pixels]:
    device = next(forth.parameters()).device
    translated = forth(to_tensor(picture)[None].to(device))
    row = [picture, _pixels(translated)]
    return [*row, _pixels(back(translated))] if back else row


def _write(path: Path, picture: Pixels) -> None:
    _, code = cv2.imencode(".png", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    with replacing(path) as part:
        part.write_bytes(code.tobytes())


def _pixels(batch: Tensor) -> Pixels:
    return to_image(batch[0]).astype(np.uint8, copy=False)


def _middle(image: Pixels, side: int) -> Pixels:
    height, width = image.shape[:2]
    cut = min(height, width)
    top, left = (height - cut) // 2, (width - cut) // 2
    square = image[top : top + cut, left : left + cut]
    way = cv2.INTER_AREA if cut > side else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(square, (side, side), interpolation=way), dtype=np.uint8)
