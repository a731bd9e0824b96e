"""Translates pictures that are numpy arrays."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import Literal

import torch
from torch import Tensor

from cyclekit.devices import find_device, is_out_of_memory, keep_freed_memory, use_own_cores
from cyclekit.errors import CheckpointError, MediaError, UsageError
from cyclekit.inference.arrays import TiledPicture, check_picture, is_flat, like, to_input, to_rgb
from cyclekit.inference.compiled import compile_network
from cyclekit.inference.fit import padded
from cyclekit.inference.halos import run_in_halos
from cyclekit.inference.memory import Budget, bytes_per_pixel, sized
from cyclekit.inference.plan import Plan, UntileableError
from cyclekit.inference.precision import prepare, sample_picture
from cyclekit.inference.stream import SMALLEST_TILE, Stream
from cyclekit.models.base import ImageGenerator
from cyclekit.models.exported import ExportedGenerator
from cyclekit.models.norm import Carried, carrying
from cyclekit.pixels import Array

BATCH_PIXELS = {"cpu": 128 * 128, "cuda": 16 * 256 * 256}
"""Pixels in a batch of automatic size: beyond, a larger batch is no faster on such a device."""
LARGEST_BATCH = 32
ALWAYS_FITS = 1024 * 1024
"""Pixels of a picture that no machine fails at; below, memory is not asked for."""


class Translator:
    """A generator behind a numpy door: `after = translator(before)`.

    Args:
        generator: stays as it is; a copy is used.
        device: "cpu", "cuda", "cuda:1" or "auto".
        precision: "fp32", "bf16", "fp16", or "auto": the fastest that changes the picture by less
            than one level of 255 on average; `reason` says why. Pictures without contrast, such
            as a single pixel, always run in fp32, for norms would make a picture of rounding.
        batch_size: pictures of one shape that `stream` translates at once.
        tile: "auto": the whole picture if memory allows, tiles if not; "off": never tiles; a
            number: tiles of so many pixels a side for whatever is larger. The result is the same.
        memory: bytes to work in, also as "4G" or "800M"; None for a share of what is free.
        compiled: let torch compile the network for whole pictures, which takes a C++ compiler and
            20 to 60 s before the first picture of a size.

    `palette` holds the colours that its outputs consist of, uint8 RGB (K, 3), or None.

    Raises:
        UsageError: if the device or precision is unknown, a number or size is none, the memory is
            too little for a tile, or there is no compiler.
        CheckpointError: if the generator does not turn RGB into RGB.
    """

    def __init__(
        self,
        generator: ImageGenerator,
        *,
        device: str = "auto",
        precision: str = "auto",
        batch_size: int | Literal["auto"] = "auto",
        tile: int | Literal["auto", "off"] = "auto",
        memory: int | str | None = None,
        compiled: bool = False,
    ) -> None:
        channels = (generator.in_channels, generator.out_channels)
        if channels != (3, 3):
            raise CheckpointError(f"the generator has {channels} channels in and out, expected 3")
        if batch_size != "auto" and not (isinstance(batch_size, int) and batch_size >= 1):
            raise UsageError(f"batch_size must be 'auto' or a number from 1, got {batch_size!r}")
        if tile not in ("auto", "off") and not (isinstance(tile, int) and tile >= SMALLEST_TILE):
            raise UsageError(
                f"tile must be auto, off or a number from {SMALLEST_TILE}, got {tile!r}"
            )
        self._exported = generator if isinstance(generator, ExportedGenerator) else None
        self.device = find_device(self._exported.place(device) if self._exported else device)
        self.stride = generator.stride
        self._generator = generator
        self._batch_size = batch_size
        self._tile = tile
        self._budget = Budget(self.device, memory)
        colors = generator.palette
        self.palette = None if colors is None else colors.cpu().numpy()
        if compiled and self._exported:
            raise UsageError(f"--compile is for torch, and {self._exported.engine} runs this file")
        use_own_cores()
        keep_freed_memory()
        self._prepared = prepare(generator, self.device, precision)
        if self._budget.given is not None:
            self._budget.require(tile, self._cost)
        self._run = compile_network(self._prepared.network) if compiled else self._prepared.network

    @property
    def precision(self) -> str:
        """The number format in use: "fp32", "bf16" or "fp16"."""
        return self._prepared.precision

    @property
    def reason(self) -> str:
        """Why this number format."""
        return self._prepared.reason

    @property
    def note(self) -> str:
        """Why pictures run whole although tiles were asked for; empty if they do not."""
        whole = self._exported is not None and self._exported.reach is None
        if not (whole and self._exported and isinstance(self._tile, int)):
            return ""
        return f"no tiles, pictures run whole: {self._exported.whole}"

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
            check_picture(image)
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

    def translate(self, batch: Sequence[Array], carried: Carried | None = None) -> list[Array]:
        """Translate pictures of one shape and type at once; else as a call.

        Args:
            batch: pictures, in order of time if anything is carried.
            carried: statistics that the norms are to carry from one to the next, or None.
        """
        for image in batch:
            check_picture(image)
        lowered = carried is None and self._has_exact and self.precision != "fp32"
        flat = [lowered and is_flat(image) for image in batch]
        if not any(flat):
            return self._translated(batch, carried)
        pairs = zip(batch, flat, strict=True)
        return [(self._exact if one else self)._translated([image])[0] for image, one in pairs]

    def _translated(self, batch: Sequence[Array], carried: Carried | None = None) -> list[Array]:
        height, width = batch[0].shape[:2]
        if self._fits(width, height, len(batch)):
            try:
                with carrying(self._prepared.network, carried):
                    return self._whole(batch)
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
                if self._tile == "off":
                    reason = str(error).splitlines()[0]
                    raise _too_large(width, height, reason) from error
        if len(batch) > 1:
            return [made for image in batch for made in self._translated([image], carried)]
        return [self._tiled(batch[0], carried)]

    def _fits(self, width: int, height: int, count: int) -> bool:
        """Say whether pictures run whole. Linux ends a process that takes too much, unheard.

        Raises:
            MediaError: if they do not, and tiles are off.
        """
        if isinstance(self._tile, int) and not self.note:
            return max(width, height) <= self._tile
        if self._budget.given is None and width * height * count < ALWAYS_FITS:
            return True
        need, free = width * height * count * self._cost, self._budget.bytes(self._tile)
        if free is None or need <= free:
            return True
        if self._tile == "off" and count == 1:
            reason = f"about {sized(need)} are needed, {sized(free)} may be used"
            raise _too_large(width, height, reason)
        return False

    def _whole(self, batch: Sequence[Array]) -> list[Array]:
        height, width = batch[0].shape[:2]
        colors = [padded(to_rgb(image), self.stride) for image in batch]
        with torch.inference_mode():
            x = to_input(colors, self.device)
            x = x.to(self._prepared.dtype, memory_format=torch.channels_last)
            output: Tensor = self._run(x)
        made = output.float()[..., :height, :width]
        return [like(image, one) for image, one in zip(batch, made, strict=True)]

    def _tiled(self, image: Array, carried: Carried | None) -> Array:
        tile = self._tile if isinstance(self._tile, int) else self._budget.tile(self._cost)
        try:
            picture = TiledPicture(image, self.stride, self.device, self._prepared.dtype)
            if self._exported is not None:
                run_in_halos(self._run, picture, tile, _reach_of(self._exported), self.stride)
                return picture.made
            stream, memory = self._stream, self._budget.kept(tile, self._cost, image.nbytes)
            with carrying(self._prepared.network, carried):
                stream.run(picture, tile, memory)
        except (RuntimeError, MemoryError, UntileableError) as error:
            if not (is_out_of_memory(error) or isinstance(error, UntileableError)):
                raise
            reason = str(error).splitlines()[0]
            raise _too_large(image.shape[1], image.shape[0], reason) from error
        return picture.made

    @property
    def _has_exact(self) -> bool:
        """Whether there is a float32 version of what runs."""
        return self._exported is None or "fp32" in self._exported.formats

    @cached_property
    def _exact(self) -> Translator:
        """The same in float32."""
        return Translator(
            self._generator, device=str(self.device), precision="fp32", tile=self._tile,
            memory=self._budget.given,
        )  # fmt: skip

    @cached_property
    def _stream(self) -> Stream:
        return Stream(Plan(self._prepared.network, self._sample), self._prepared.dtype)

    @cached_property
    def _cost(self) -> float:
        """Bytes that a whole picture takes, for each pixel."""
        if self._exported is not None:
            return self._exported.bytes_per_pixel
        return bytes_per_pixel(self._prepared.network, self._sample)

    @property
    def _sample(self) -> Tensor:
        return sample_picture(max(64, self.stride)).to(self.device, self._prepared.dtype)


def _reach_of(exported: ExportedGenerator) -> int:
    """Return how far an output pixel looks.

    Raises:
        UntileableError: if that may be the whole picture.
    """
    if exported.reach is None:
        raise UntileableError(f"no tiles, for {exported.whole}")
    return exported.reach


def _too_large(width: int, height: int, reason: str) -> MediaError:
    return MediaError(f"{width}x{height} is too large for this memory: {reason}; try --max-size")
