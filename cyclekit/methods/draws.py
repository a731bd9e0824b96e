"""Random numbers of a step that do not depend on how many processes share it."""

from __future__ import annotations

import zlib

import numpy as np
import torch
from torch import Tensor

from cyclekit.models.processes import share, world


class Draws:
    """Draws for the whole batch, of which each process takes its own rows.

    Args:
        seed: of the step; the same on every process.
        purpose: keeps apart what is drawn for different ends in one step: "latents".
        like: where the numbers are needed, and for how many pictures: its device and rows.
    """

    def __init__(self, seed: int, purpose: str, like: Tensor) -> None:
        mixed = np.random.SeedSequence([seed, zlib.crc32(purpose.encode())]).generate_state(1)
        self._generator = torch.Generator().manual_seed(int(mixed[0]))
        self._device, self._rows = like.device, len(like) * world()

    def normal(self, *shape: int) -> Tensor:
        """Draw N(0, 1), float32 (N, *shape)."""
        return self._mine(torch.randn(self._rows, *shape, generator=self._generator))

    def uniform(self) -> Tensor:
        """Draw from [0, 1), float32 (N,)."""
        return self._mine(torch.rand(self._rows, generator=self._generator))

    def classes(self, count: int) -> Tensor:
        """Draw from 0 to count - 1, int64 (N,)."""
        return self._mine(torch.randint(count, (self._rows,), generator=self._generator))

    def coin(self) -> float:
        """Draw one number from [0, 1) for all pictures of the batch."""
        return float(torch.rand((), generator=self._generator))

    def places(self, among: int, count: int) -> Tensor:
        """Draw up to `count` different numbers below `among`, int64, the same for all pictures."""
        return torch.randperm(among, generator=self._generator)[:count].to(self._device)

    def _mine(self, everyone: Tensor) -> Tensor:
        return share(everyone).to(self._device)
