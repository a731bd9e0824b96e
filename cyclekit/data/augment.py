"""Random crops, flips and colours; the only file that knows albumentations."""

from __future__ import annotations

import os
from typing import Any, Literal, cast

import cv2
import numpy as np
from numpy.typing import NDArray

# albumentations asks a server for its newest version at import, and warns about it.
os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")
import albumentations as A

Fit = Literal["crop", "whole"]


class Augmentation:
    """Cut a square crop at random, without distortion, then flip and recolour it.

    Args:
        load: short side before the crop, px; None keeps the size. Smaller pictures are enlarged
            to the largest square that is cut.
        crop: side of the crop, px.
        flip: probability of a left-right flip.
        color: strength of brightness, contrast and saturation changes, 0 for none.
        zoom: largest square that is cut and shrunk to a crop, in crops; 1 never shrinks.
        fit: crop, or whole: the picture's edges are drawn out to a square first, so that nothing
            of a long picture is ever cut off.
    """

    def __init__(
        self,
        load: int | None,
        crop: int,
        flip: float = 0.5,
        color: float = 0.0,
        fit: Fit = "crop",
        zoom: float = 1.0,
    ) -> None:
        self.load, self.crop, self.fit = load, crop, fit
        self.largest = round(zoom * crop)
        steps: list[Any] = [_cut(crop, self.largest)]
        if flip:
            steps.append(A.HorizontalFlip(p=flip))
        if color:
            steps.append(
                A.ColorJitter(
                    brightness=(1 - color, 1 + color),
                    contrast=(1 - color, 1 + color),
                    saturation=(1 - color, 1 + color),
                    hue=(0, 0),
                    p=1,
                )
            )
        self._compose = A.Compose(steps)

    def prepare(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Do what is the same every time, so that it can be kept: resize (H, W, 3) uint8."""
        if self.fit == "whole":
            image = _squared(image)
        short = min(image.shape[:2])
        wanted = max(self.load or short, self.largest)
        if wanted == short:
            return image
        height, width = (
            max(self.largest, round(side * wanted / short)) for side in image.shape[:2]
        )
        way = cv2.INTER_AREA if wanted < short else cv2.INTER_CUBIC
        return cast("NDArray[np.uint8]", cv2.resize(image, (width, height), interpolation=way))

    def __call__(self, image: NDArray[np.uint8], seed: int) -> NDArray[np.uint8]:
        """Draw one crop (crop, crop, 3) of a prepared picture; the same for the same seed."""
        self._compose.set_random_seed(seed)
        return cast("NDArray[np.uint8]", self._compose(image=image)["image"])


def _cut(crop: int, largest: int) -> Any:
    if largest == crop:
        return A.RandomCrop(crop, crop)
    return A.RandomSizedCrop((crop, largest), (crop, crop), interpolation=cv2.INTER_AREA)


def _squared(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height, width = image.shape[:2]
    side = max(height, width)
    top, left = (side - height) // 2, (side - width) // 2
    edges = (top, side - height - top, left, side - width - left)
    return np.asarray(cv2.copyMakeBorder(image, *edges, cv2.BORDER_REPLICATE), np.uint8)
