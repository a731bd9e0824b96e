"""What is to be exported."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from cyclekit.export.about import About
from cyclekit.export.portable import SMALLEST, portable, with_processing
from cyclekit.models.base import ImageGenerator
from cyclekit.pixels import from_bytes, to_image

Picture = NDArray[np.uint8]
"""RGB (H, W, 3)."""
Precision = Literal["fp32", "fp16", "int8"]


@dataclass(frozen=True)
class Order:
    """A network, and what is wanted of its export."""

    generator: ImageGenerator
    """In evaluation mode, float32, on the CPU."""
    about: About
    """What the file is to say of itself; its `processing` and `precision` are what is wanted."""
    pictures: Sequence[Picture] = field(default_factory=tuple)
    """What an int8 network is calibrated on."""

    @property
    def parameters(self) -> int:
        """Weights of the generator; of what is traced not all may be told apart."""
        return sum(weight.numel() for weight in self.generator.parameters())

    def network(self) -> nn.Module:
        """Return what is traced."""
        plain = portable(self.generator, half=self.about.precision == "fp16")
        return with_processing(plain, self.generator.stride) if self.about.processing else plain

    def example(self) -> Tensor:
        """Return an input to trace with."""
        side = max(64, self.generator.stride)
        return self.input(np.random.default_rng(0).integers(0, 256, (side, side, 3), np.uint8))

    def input(self, picture: Picture) -> Tensor:
        """Turn a picture into what the exported network takes."""
        if self.about.processing:
            return torch.from_numpy(picture)[None]
        fitting = torch.from_numpy(fitted(picture, self.generator.stride))
        return from_bytes(fitting[None].permute(0, 3, 1, 2)).contiguous()

    def levels(self, output: Tensor, picture: Picture) -> Picture:
        """Turn what it gives into a picture as large as the one that went in."""
        height, width = picture.shape[:2]
        if self.about.processing:
            return output[0].numpy()
        made: Picture = to_image(output[0])[:height, :width]  # type: ignore[assignment]
        return made

    def expected(self, picture: Picture) -> Picture:
        """Translate a picture with torch, in float32."""
        x = from_bytes(
            torch.from_numpy(fitted(picture, self.generator.stride))[None].permute(0, 3, 1, 2)
        )
        with torch.inference_mode():
            made: Picture = to_image(self.generator(x)[0])  # type: ignore[assignment]
        return made[: picture.shape[0], : picture.shape[1]]


def fitted(picture: Picture, stride: int) -> Picture:
    """Reflect a picture at its right and lower edge up to multiples of the stride."""
    sides = (max(side, SMALLEST) for side in picture.shape[:2])
    room = [side + -side % stride for side in sides]
    more = [(0, wanted - side) for wanted, side in zip(room, picture.shape, strict=False)]
    return np.pad(picture, [*more, (0, 0)], mode="reflect")
