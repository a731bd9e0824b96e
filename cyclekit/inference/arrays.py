"""Numpy pictures: the kinds that are taken, and how each is turned into RGB and back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from cyclekit.inference.fit import padded
from cyclekit.inference.planes import Region
from cyclekit.pixels import Array, from_bytes, full_scale, to_image, to_tensor

_LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601, as in JPEG

_FLAT = 0.5  # levels of 255
_LOOKED_AT = 2**14  # pixels


def check_picture(image: Any) -> None:
    """Refuse what is no picture.

    Raises:
        TypeError: if it is no numpy array.
        ValueError: if shape or type are not those of a picture.
    """
    if not isinstance(image, np.ndarray):
        kind = type(image).__name__
        raise TypeError(f"pictures must be numpy arrays, got {kind}; try numpy.asarray(picture)")
    full_scale(image.dtype)
    if image.ndim != 2 and not (image.ndim == 3 and image.shape[2] in (3, 4)):
        raise ValueError(f"pictures must be (H, W, 3), (H, W, 4) or (H, W), got {image.shape}")
    if 0 in image.shape:
        raise ValueError(f"the picture has no pixels: {image.shape}")


def is_flat(image: Array) -> bool:
    """Whether a picture has hardly any contrast: in no channel does it deviate by half a level.

    Instance norms then divide by next to nothing, and make a picture of a short format's rounding:
    through the embedded model, bfloat16 was 30 to 83 levels from float32 where all pixels were
    equal, from 64x64 down to the single pixel of 1x1, and below 3 at a deviation of one level.

    Args:
        image: uint8 or uint16, (H, W) or (H, W, C).
    """
    rows = max(1, _LOOKED_AT // image.shape[1])  # most pictures show their contrast at once
    return _deviation(image[:rows]) < _FLAT and _deviation(image) < _FLAT


def _deviation(image: Array) -> float:
    """Return the largest standard deviation of a channel, levels of 255."""
    import cv2

    _, deviations = cv2.meanStdDev(image)
    return float(deviations[:3].max()) * 255 / full_scale(image.dtype)


def to_rgb(image: Array) -> Array:
    """Return the colours of a picture, (H, W, 3): a view where that is possible."""
    rgb: Any = np.repeat(image[..., None], 3, axis=2) if image.ndim == 2 else image[..., :3]
    return np.asarray(rgb)


def to_input(images: Sequence[Array], device: torch.device) -> Tensor:
    """Turn pictures of one shape and type into network input.

    Args:
        images: uint8 or uint16, (H, W, 3).
        device: where to; bytes travel as bytes.

    Returns:
        float32 (N, 3, H, W) in [-1, 1], in channels-last memory. For one picture the conversion
        itself is the only copy.
    """
    if images[0].dtype != np.uint8:
        return torch.stack([to_tensor(image) for image in images]).to(device)
    tensors = [torch.from_numpy(_writable(image)) for image in images]
    stacked = tensors[0][None] if len(tensors) == 1 else torch.stack(tensors)
    return from_bytes(stacked.to(device).permute(0, 3, 1, 2))


def _writable(image: Array) -> Array:
    return image if image.flags.writeable else image.copy()  # torch warns of any other


def like(image: Array, made: Tensor) -> Array:
    """Turn output (3, H, W) into the kind of picture that came in."""
    if image.ndim == 2:
        weights = torch.tensor(_LUMA, device=made.device)[:, None, None]
        return to_image((made * weights).sum(0, keepdim=True), image.dtype.type)[..., 0]
    result: Any = to_image(made, image.dtype.type)
    if image.shape[2] == 4:
        result = np.concatenate([result, image[..., 3:]], axis=2)
    return np.asarray(result)


class TiledPicture:
    """A picture that a stream reads and writes region by region; `made` is the result.

    Args:
        image: as for `check_picture`.
        stride: what the network's input must be a multiple of.
        device: where the network runs.
        dtype: type of the network's input.
    """

    def __init__(self, image: Array, stride: int, device: torch.device, dtype: torch.dtype) -> None:
        self.image = image
        self.made: Array = np.empty_like(image)
        self._rgb = padded(to_rgb(image), stride)
        self.height, self.width = self._rgb.shape[:2]
        self._device, self._dtype = device, dtype

    def read(self, region: Region) -> Tensor:
        """Return a region as the network takes it."""
        rgb = self._rgb[region.top : region.bottom, region.left : region.right]
        x = to_input([rgb], self._device)
        return x.to(self._dtype, memory_format=torch.channels_last)

    def write(self, region: Region, made: Tensor) -> None:
        """Store a region of the output; what lies in the padding is dropped."""
        rows = slice(region.top, min(region.bottom, len(self.made)))
        columns = slice(region.left, min(region.right, self.made.shape[1]))
        image = self.image[rows, columns]
        if image.size:
            height, width = image.shape[:2]
            self.made[rows, columns] = like(image, made[0, :, :height, :width].float())
