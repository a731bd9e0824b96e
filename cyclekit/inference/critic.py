"""What a discriminator says of a picture, patch by patch."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cyclekit.devices import find_device
from cyclekit.errors import CheckpointError, MediaError
from cyclekit.losses.adversarial import AdversarialLoss
from cyclekit.models import Discriminator
from cyclekit.pixels import Array, to_tensor

TILE = 1536
"""Pixels a side that are judged at once; beyond, a picture is judged in parts."""
HALO = 160
"""Pixels that parts overlap at least: a patch sees at most 286 with five layers, and half of it
lies outside of its part."""
_PROBE = 1024  # a side that every discriminator can judge


@dataclass(frozen=True)
class Verdicts:
    """How real the patches of one picture are."""

    cells: NDArray[np.float32]
    """From -1 (fake) to 1 (real), one a patch, (h, w)."""
    stride: int
    """Pixels from the middle of a patch to that of the next."""
    first: float
    """Row, and column, of the middle of the first patch."""
    parts: int = 1
    """How many parts the picture was judged in; each has norm statistics of its own."""

    @property
    def real(self) -> float:
        """Share of the patches that are judged real."""
        return float((self.cells > 0).mean())

    @property
    def mean(self) -> float:
        """Mean verdict, from -1 (fake) to 1 (real)."""
        return float(self.cells.mean())

    def sampled(self, height: int, width: int, scale: float) -> NDArray[np.float32]:
        """Spread the verdicts over the picture, linearly between the middles of the patches.

        Args:
            height: rows wanted.
            width: columns wanted.
            scale: size of the wanted picture over that of the judged one.

        Returns:
            (height, width).
        """
        rows = _between(self.cells, self._places(height, scale))
        return np.ascontiguousarray(_between(rows.T, self._places(width, scale)).T)

    def _places(self, count: int, scale: float) -> NDArray[np.float64]:
        pixels = (np.arange(count) + 0.5) / scale - 0.5
        return (pixels - self.first) / self.stride


def _between(cells: NDArray[np.float32], places: NDArray[np.float64]) -> NDArray[np.float32]:
    """Interpolate along the first axis; the outermost values go on."""
    places = places.clip(0, len(cells) - 1)
    low = places.astype(int)
    high = np.minimum(low + 1, len(cells) - 1)
    share = (places - low).astype(np.float32)[:, None]
    result: Any = cells[low] * (1 - share) + cells[high] * share
    return np.asarray(result)


class Critic:
    """A discriminator behind a numpy door: `verdicts = critic(picture)`.

    Args:
        discriminator: stays as it is; a copy is used.
        loss: what it was trained with.
        device: "cpu", "cuda", "cuda:1" or "auto".

    Raises:
        UsageError: if there is no such device.
        CheckpointError: if the network does not judge single pictures patch by patch.
    """

    def __init__(
        self, discriminator: Discriminator, loss: AdversarialLoss, *, device: str = "auto"
    ) -> None:
        self.device = find_device(device)
        self.loss = loss
        self.stride, self._lost = _geometry(discriminator)
        self._network = copy.deepcopy(discriminator).eval().to(self.device)

    def __call__(self, image: Array) -> Verdicts:
        """Judge one picture.

        Args:
            image: uint8 or uint16 RGB (H, W, 3), of any size; what is too small for a patch, or
                ends within one, goes on as its reflection.

        Raises:
            MediaError: if there is not enough memory.
        """
        height, width = image.shape[:2]
        ready = self._padded(image)
        try:
            logits, parts = self._judge(ready)
            cells = self.loss.verdict(logits).numpy()
        except RuntimeError as error:
            if "memory" not in str(error):
                raise
            reason = str(error).splitlines()[0]
            raise MediaError(f"{width}x{height} is too large for this memory: {reason}") from error
        first = (self.stride * (self._lost + 1) - 1) / 2
        rows, columns = (_inside(side, first, self.stride) for side in (height, width))
        return Verdicts(cells[:rows, :columns], self.stride, first, parts)

    def _padded(self, image: Array) -> Array:
        smallest = (self._lost + 2) * self.stride
        sides = [max(-(-side // self.stride) * self.stride, smallest) for side in image.shape[:2]]
        more = [(0, wanted - side) for wanted, side in zip(sides, image.shape, strict=False)]
        result: Any = np.pad(image, (*more, (0, 0)), mode="reflect")
        return np.asarray(result)

    def _judge(self, image: Array) -> tuple[Tensor, int]:
        """Return logits (h, w) on the CPU, and the number of parts they were made in."""
        sides = [side // self.stride - self._lost for side in image.shape[:2]]
        logits, parts = torch.empty(sides), 0
        for rows in self._spans(image.shape[0]):
            for columns in self._spans(image.shape[1]):
                part = to_tensor(image[rows.pixels, columns.pixels])[None].to(self.device)
                with torch.inference_mode():
                    made = self._network(part)[0, 0].float().cpu()
                logits[rows.cells, columns.cells] = made[rows.inner, columns.inner]
                parts += 1
        return logits, parts

    def _spans(self, side: int) -> Iterator[_Span]:
        """Divide a side into equal parts that overlap; every cell belongs to one."""
        count = -(-side // TILE)
        step = -(-side // (count * self.stride)) * self.stride
        halo = -(-HALO // self.stride) * self.stride
        for start in range(0, side, step):
            stop = min(start + step, side)
            low, high = max(start - halo, 0), min(stop + halo, side)
            first, last = start // self.stride, stop // self.stride
            if stop == side:
                last -= self._lost
            origin = low // self.stride
            yield _Span(slice(low, high), slice(first, last), slice(first - origin, last - origin))


@dataclass(frozen=True)
class _Span:
    """One part of a side."""

    pixels: slice
    """With its overlap."""
    cells: slice
    """Those that the part settles, among all."""
    inner: slice
    """The same among those that the part yields."""


def _inside(side: int, first: float, stride: int) -> int:
    """Count the patches whose middle lies in a picture's side, at least one."""
    return max(1, int((side - 1 - first) // stride) + 1)


def _geometry(discriminator: Discriminator) -> tuple[int, int]:
    """Return the pixels between two patches, and how many patches fewer there are than strides.

    Raises:
        CheckpointError: if it is no map of patches.
    """
    network = copy.deepcopy(discriminator).eval().to("meta")
    try:
        small, large = (
            network(torch.empty(1, 3, side, side, device="meta")).shape[-1]
            for side in (_PROBE, 2 * _PROBE)
        )
    except (RuntimeError, TypeError) as error:
        reason = str(error).splitlines()[0]
        raise CheckpointError(
            f"the discriminator does not judge single pictures: {reason}"
        ) from error
    if large == small or _PROBE % (large - small):
        raise CheckpointError("the discriminator judges whole pictures, not patches")
    stride = _PROBE // (large - small)
    return stride, _PROBE // stride - small
