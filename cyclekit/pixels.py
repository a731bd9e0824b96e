"""The only place that knows the range of pixels: stored integers <-> float in [-1, 1]."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import torch

Array = NDArray[np.uint8] | NDArray[np.uint16]


def full_scale(dtype: np.dtype[Any]) -> int:
    """Return the largest stored value: 255 or 65535.

    Raises:
        ValueError: if the type is neither uint8 nor uint16.
    """
    if dtype not in (np.uint8, np.uint16):
        raise ValueError(f"pixels must be uint8 or uint16, got {dtype}")
    return int(np.iinfo(dtype).max)


def to_tensor(image: Array) -> torch.Tensor:
    """Turn a stored picture into network input.

    Args:
        image: uint8 or uint16, (H, W, C).

    Returns:
        float32 (C, H, W) in [-1, 1], a view in channels-last memory (no copy beyond the cast).
    """
    import torch

    scale = full_scale(image.dtype)
    tensor = torch.from_numpy(np.ascontiguousarray(image)).permute(2, 0, 1)
    return tensor.to(torch.float32).mul_(2 / scale).sub_(1)


def from_bytes(batch: torch.Tensor) -> torch.Tensor:
    """Turn a uint8 batch (N, C, H, W) into float32 in [-1, 1] on its own device."""
    return batch.float().mul_(2 / 255).sub_(1)


def to_image(tensor: torch.Tensor, dtype: type[np.uint8] | type[np.uint16] = np.uint8) -> Array:
    """Turn network output into a stored picture, rounding to the nearest level.

    Args:
        tensor: float (C, H, W) in [-1, 1]; values outside are clipped.
        dtype: uint8 or uint16.

    Returns:
        (H, W, C) of `dtype`.
    """
    import torch

    scale = full_scale(np.dtype(dtype))
    levels = tensor.detach().float().add(1).mul_(scale / 2).round_().clamp_(0, scale)
    small = torch.uint8 if dtype == np.uint8 else torch.int32  # the least that a GPU hands over
    array = levels.permute(1, 2, 0).to(small).cpu().numpy()
    return np.ascontiguousarray(array.astype(dtype, copy=False))
