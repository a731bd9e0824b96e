"""Random crops, flips and colours; the only file that knows albumentations."""

from __future__ import annotations

import os
from typing import Any, cast

import cv2
import numpy as np
from numpy.typing import NDArray

# albumentations asks a server for its newest version at import, and warns about it.
os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")
import albumentations as A


class Augmentation:
    """Cut a square crop at random, without distortion, then flip and recolour it.

    Args:
        load: short side before the crop, px; None keeps the size. Smaller pictures are enlarged
            to the crop.
        crop: side of the crop, px.
        flip: probability of a left-right flip.
        color: strength of brightness, contrast and saturation changes, 0 for none.
    """

    def __init__(self, load: int | None, crop: int, flip: float = 0.5, color: float = 0.0) -> None:
        self.load, self.crop = load, crop
        steps: list[Any] = [A.RandomCrop(crop, crop)]
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
        short = min(image.shape[:2])
        wanted = max(self.load or short, self.crop)
        if wanted == short:
            return image
        height, width = (max(self.crop, round(side * wanted / short)) for side in image.shape[:2])
        way = cv2.INTER_AREA if wanted < short else cv2.INTER_CUBIC
        return cast("NDArray[np.uint8]", cv2.resize(image, (width, height), interpolation=way))

    def __call__(self, image: NDArray[np.uint8], seed: int) -> NDArray[np.uint8]:
        """Draw one crop (crop, crop, 3) of a prepared picture; the same for the same seed."""
        self._compose.set_random_seed(seed)
        return cast("NDArray[np.uint8]", self._compose(image=image)["image"])
