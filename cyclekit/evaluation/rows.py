"""Vectors on disk that read as one matrix: memory stays flat however many there are."""

from __future__ import annotations

import tempfile
from typing import IO

import numpy as np
import torch
from torch import Tensor

from cyclekit.evaluation.cache import Vector


class Rows:
    """Vectors of one length and type, gathered in a file without a name."""

    def __init__(self) -> None:
        self._file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 (the map outlives a block)
        self._dtype: np.dtype[np.float32] | np.dtype[np.float16] = np.dtype(np.float32)
        self._count = self._length = 0

    def add(self, vector: Vector) -> None:
        """Append a vector."""
        self._dtype, self._length = vector.dtype, len(vector)
        self._file.write(vector.tobytes())
        self._count += 1

    def tensor(self) -> Tensor:
        """Map what was gathered; the map outlives the file, and nothing more can be added."""
        with self._file as file:
            if not self._count:
                return torch.empty(0, 0)
            file.flush()
            shape = (self._count, self._length)
            return torch.from_numpy(np.memmap(file, self._dtype, "r+", shape=shape))
