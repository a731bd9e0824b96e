"""An exported file as a generator."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from cyclekit.export.engines import Engine
from cyclekit.export.wiring import Wiring
from cyclekit.models.exported import ExportedGenerator

_FORMATS = {torch.float32: "fp32", torch.bfloat16: "bf16"}


class ExportedNetwork(ExportedGenerator):
    """Runs an engine.

    Args:
        path: the file; what is remembered of it goes by its content.
        open_engine: builds the engine for a number format.
        wiring: how pictures go in and come out.
        formats: number formats to choose from, the file's own first.
        reach: pixels that an output depends on, on either side; None for all.
        whole: why it may be all.
        bytes_per_pixel: memory that a picture takes.
    """

    digest: Tensor

    def __init__(
        self,
        path: Path,
        open_engine: Callable[[str], Engine],
        wiring: Wiring,
        *,
        formats: tuple[str, ...],
        reach: int | None,
        whole: str,
        bytes_per_pixel: float,
    ) -> None:
        super().__init__()
        self.wiring, self.formats = wiring, formats
        self.stride = 1 if wiring.size else wiring.stride
        self.reach, self.whole, self.bytes_per_pixel = reach, whole, bytes_per_pixel
        self._open, self._engine = open_engine, open_engine(formats[0])
        self.engine = self._engine.name
        self.register_buffer("digest", torch.tensor(list(_digest(path)), dtype=torch.uint8))

    def __deepcopy__(self, memo: dict[int, Any]) -> ExportedNetwork:
        """Share the engine, which cannot be copied and does not change; `lower` replaces it."""
        copied = object.__new__(type(self))
        copied.__dict__.update(self.__dict__)
        return copied

    def lower(self, dtype: torch.dtype) -> None:
        """Compute in another of `formats`."""
        self._engine = self._open(_FORMATS[dtype])

    def forward(self, x: Tensor) -> Tensor:
        """Translate (N, 3, H, W) in [-1, 1]; the result is float32.

        Raises:
            MemoryError: if memory does not suffice.
            RuntimeError: if the network cannot take it.
        """
        parts = [self._engine.run(part) for part in self.wiring.split(x)]
        return self.wiring.join(parts, x)


def _digest(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()[:16]
