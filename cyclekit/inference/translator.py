"""Translates pictures that are numpy arrays."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from cyclekit.devices import find_device, free_memory
from cyclekit.errors import CheckpointError, MediaError, UsageError
from cyclekit.inference.fit import padded
from cyclekit.inference.memory import bytes_per_pixel
from cyclekit.inference.precision import prepare, sample_picture
from cyclekit.models.base import ImageGenerator
from cyclekit.pixels import Array, from_bytes, full_scale, to_image, to_tensor

BATCH_PIXELS = {"cpu": 128 * 128, "cuda": 16 * 256 * 256}
"""Pixels in a batch of automatic size: beyond, a larger batch is no faster on such a device."""
LARGEST_BATCH = 32
_LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601, as in JPEG


class Translator:
    """A generator behind a numpy door: `after = translator(before)`.

    Args:
        generator: stays as it is; a copy is used.
        device: "cpu", "cuda", "cuda:1" or "auto".
        precision: "fp32", "bf16", "fp16", or "auto": the fastest that changes the picture by less
            than one level of 255 on average; `reason` says why.
        batch_size: pictures of one shape that `stream` translates at once.

    Raises:
        UsageError: if the device or precision is unknown, or the batch size is no number from 1.
        CheckpointError: if the generator does not turn RGB into RGB.
    """

    def __init__(
        self,
        generator: ImageGenerator,
        *,
        device: str = "auto",
        precision: str = "auto",
        batch_size: int | Literal["auto"] = "auto",
    ) -> None:
        channels = (generator.in_channels, generator.out_channels)
        if channels != (3, 3):
            raise CheckpointError(f"the generator has {channels} channels in and out, expected 3")
        if batch_size != "auto" and not (isinstance(batch_size, int) and batch_size >= 1):
            raise UsageError(f"batch_size must be 'auto' or a number from 1, got {batch_size!r}")
        self.device = find_device(device)
        self.stride = generator.stride
        self._batch_size = batch_size
        self._prepared = prepare(generator, self.device, precision)
        self._cost: float | None = None

    @property
    def precision(self) -> str:
        """The number format in use: "fp32", "bf16" or "fp16"."""
        return self._prepared.precision

    @property
    def reason(self) -> str:
        """Why this number format."""
        return self._prepared.reason

    def __call__(self, image: Array) -> Array:
        """Translate one picture.

        Args:
            image: uint8 or uint16; RGB (H, W, 3), with alpha (H, W, 4), or gray (H, W). Any size.

        Returns:
            The same size, type and channels; alpha is passed through.

        Raises:
            TypeError: if it is no numpy array.
            ValueError: if shape or type are none of these.
            MediaError: if the picture is too large for the memory that is free.
        """
        return self.translate([image])[0]

    def stream(self, images: Iterable[Array]) -> Iterator[Array]:
        """Translate pictures one after another, as they come, in order.

        Neighbours of one shape run as one batch; no more than a batch is held.

        Args:
            images: each as for a call.

        Yields:
            The translations, one for each.

        Raises:
            TypeError, ValueError, MediaError: as for a call.
        """
        batch: list[Array] = []
        for image in images:
            _check(image)
            if batch and not self.joins(batch, image):
                yield from self.translate(batch)
                batch = []
            batch.append(image)
        if batch:
            yield from self.translate(batch)

    def joins(self, batch: Sequence[Array], image: Array) -> bool:
        """Say whether `image` may become part of a batch that is not empty."""
        same = (image.shape, image.dtype) == (batch[0].shape, batch[0].dtype)
        return same and len(batch) < self.batch_size(*image.shape[:2])

    @property
    def largest_batch(self) -> int:
        """Most pictures that run at once, of any size."""
        return LARGEST_BATCH if self._batch_size == "auto" else self._batch_size

    def batch_size(self, height: int, width: int) -> int:
        """Return how many pictures of a size run at once."""
        if self._batch_size != "auto":
            return self._batch_size
        pixels = BATCH_PIXELS.get(self.device.type, BATCH_PIXELS["cpu"])
        return max(1, min(LARGEST_BATCH, pixels // (height * width)))

    def translate(self, batch: Sequence[Array]) -> list[Array]:
        """Translate pictures of one shape and type at once; else as a call."""
        for image in batch:
            _check(image)
        height, width = batch[0].shape[:2]
        self._check_memory(width, height, len(batch))
        colors = [padded(_color(image), self.stride) for image in batch]
        try:
            output = self._forward(colors)[..., :height, :width]
            return [_like(image, made) for image, made in zip(batch, output, strict=True)]
        except RuntimeError as error:
            if "memory" not in str(error):
                raise
            raise _too_large(width, height, len(batch), str(error).splitlines()[0]) from error

    def _forward(self, colors: Sequence[Array]) -> Tensor:
        if colors[0].dtype == np.uint8:
            stacked = torch.from_numpy(np.stack(colors)).permute(0, 3, 1, 2)
            x = from_bytes(stacked.to(self.device))
        else:
            x = torch.stack([to_tensor(color) for color in colors]).to(self.device)
        with torch.inference_mode():
            x = x.to(self._prepared.dtype, memory_format=torch.channels_last)
            output: Tensor = self._prepared.network(x)
            return output.float()

    def _check_memory(self, width: int, height: int, count: int) -> None:
        """Refuse what would end the process: Linux kills it, and no exception tells."""
        pixels = width * height * count
        if pixels < 1024 * 1024:
            return
        if self._cost is None:
            sample = sample_picture(max(64, self.stride)).to(self.device, self._prepared.dtype)
            self._cost = bytes_per_pixel(self._prepared.network, sample)
        need, free = pixels * self._cost, free_memory(self.device)
        if free is not None and need > free:
            reason = f"about {need / 2**30:.1f} GiB are needed, {free / 2**30:.1f} GiB are free"
            raise _too_large(width, height, count, reason)


def _check(image: Any) -> None:
    if not isinstance(image, np.ndarray):
        kind = type(image).__name__
        raise TypeError(f"pictures must be numpy arrays, got {kind}; try numpy.asarray(picture)")
    full_scale(image.dtype)
    if image.ndim != 2 and not (image.ndim == 3 and image.shape[2] in (3, 4)):
        raise ValueError(f"pictures must be (H, W, 3), (H, W, 4) or (H, W), got {image.shape}")
    if 0 in image.shape:
        raise ValueError(f"the picture has no pixels: {image.shape}")


def _color(image: Array) -> Array:
    rgb: Any = np.repeat(image[..., None], 3, axis=2) if image.ndim == 2 else image[..., :3]
    return np.ascontiguousarray(rgb)


def _like(image: Array, made: Tensor) -> Array:
    """Turn output (3, H, W) into the kind of picture that came in."""
    if image.ndim == 2:
        weights = torch.tensor(_LUMA, device=made.device)[:, None, None]
        return to_image((made * weights).sum(0, keepdim=True), image.dtype.type)[..., 0]
    result: Any = to_image(made, image.dtype.type)
    if image.shape[2] == 4:
        result = np.concatenate([result, image[..., 3:]], axis=2)
    return np.asarray(result)


def _too_large(width: int, height: int, count: int, reason: str) -> MediaError:
    what = f"{width}x{height}" + (f" times {count}" if count > 1 else "")
    return MediaError(f"{what} is too large for this memory: {reason}; try --max-size")
