"""How pictures go into a network and come out of it: layout, range, type, size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from cyclekit.errors import UsageError

Layout = Literal["NCHW", "NHWC"]
RANGES = {"-1..1": (-1.0, 1.0), "0..1": (0.0, 1.0), "0..255": (0.0, 255.0)}
"""Names of the ranges that black to white may have."""
_LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601


@dataclass(frozen=True)
class End:
    """One end of a network."""

    layout: Layout
    channels: int
    """3, or 1 for gray."""
    scale: str
    """Name of the range."""
    dtype: np.dtype[Any]
    """Of the numbers."""


@dataclass(frozen=True)
class Wiring:
    """Both ends, and what lies between."""

    given: End
    made: End
    batch: int | None
    """Pictures at once, if that is fixed."""
    size: tuple[int, int] | None
    """Height and width, if they are fixed."""
    stride: int
    """What they must be a multiple of, if they are not."""

    def split(self, x: Tensor) -> list[NDArray[Any]]:
        """Turn pictures into inputs, each with as many as the network takes at once.

        Args:
            x: float (N, 3, H, W) in [-1, 1].
        """
        x = self._feed(x.float().cpu())
        parts = [x] if self.batch is None else list(x.split(self.batch))
        if self.batch is not None and len(parts[-1]) < self.batch:  # filled up with the last one
            missing = self.batch - len(parts[-1])
            parts[-1] = torch.cat([parts[-1], parts[-1][-1:].expand(missing, *x.shape[1:])])
        return [np.ascontiguousarray(part.numpy().astype(self.given.dtype)) for part in parts]

    def join(self, parts: list[NDArray[Any]], like: Tensor) -> Tensor:
        """Turn outputs into pictures, float32 (N, 3, H, W) in [-1, 1], as large as `like`.

        Raises:
            UsageError: if the network changes the size of pictures.
        """
        y = torch.from_numpy(np.concatenate(parts).astype(np.float32))[: len(like)]
        if self.made.layout == "NHWC":
            y = y.permute(0, 3, 1, 2)
        low, high = RANGES[self.made.scale]
        y = (y - low) * (2 / (high - low)) - 1
        y = y.expand(-1, 3, -1, -1)
        if self.size is not None and y.shape[2:] != like.shape[2:]:
            y = F.interpolate(y, like.shape[2:], mode="bicubic", antialias=True)
        if y.shape != like.shape:
            one, other = tuple(like.shape[2:]), tuple(y.shape[2:])
            raise UsageError(
                f"the network turns {one[1]}x{one[0]} into {other[1]}x{other[0]}; expected one that "
                "keeps the size"
            )
        return y

    def _feed(self, x: Tensor) -> Tensor:
        if self.size is not None and x.shape[2:] != self.size:
            x = F.interpolate(x, self.size, mode="bilinear", antialias=True)
        if self.given.channels == 1:
            x = (x * torch.tensor(_LUMA)[:, None, None]).sum(1, keepdim=True)
        low, high = RANGES[self.given.scale]
        x = (x.clamp(-1, 1) + 1) * ((high - low) / 2) + low
        if self.given.dtype == np.uint8:
            x = x.round()
        return x.permute(0, 2, 3, 1) if self.given.layout == "NHWC" else x
