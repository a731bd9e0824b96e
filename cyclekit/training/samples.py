"""The same held-out pictures, translated as the run goes on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cyclekit.data.layouts import Domain
from cyclekit.data.sources import held_out_pictures
from cyclekit.media.atomic import replacing
from cyclekit.media.sheet import sheet
from cyclekit.models import ImageGenerator
from cyclekit.pixels import to_image, to_tensor

Pixels = NDArray[np.uint8]
PICTURES = 4


class SampleSheet:
    """Rows of input, translation, and translation back, for some pictures of each domain.

    Args:
        a: first domain.
        b: second domain.
        side: square that the pictures are cut to from their middle, px; a multiple of
            the generators' stride.
    """

    def __init__(self, a: Domain, b: Domain, side: int) -> None:
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
