"""How large a picture a network can take in the memory that is free."""

from __future__ import annotations

import math
import re
from typing import Any

import torch
from torch import Tensor, nn

from cyclekit.devices import free_memory
from cyclekit.errors import UsageError

SHARE = 0.7
"""Of the memory that is free, the part that is used when nothing is asked for."""
SMALLEST_TILE = 64
"""Pixels a side below which memory shrinks no tile: its halo would be most of the work."""
LARGEST_TILE = {"cpu": 256, "cuda": 1024}
"""Pixels a side beyond which a larger tile is no faster on such a device. On a CPU layers past 32
MiB are slower: the allocator fetches their pages from the system anew every time."""
_CPU = torch.device("cpu")
_UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}
_OVERHEAD = 2.4
"""Peak over the largest layer's input and output: padded copies, skips, the library's workspace.

Measured at 1600x1600 in bf16: 2.3 for resnet9, 1.7 for mobile, 2.4 for unet256.
"""


class Budget:
    """The memory that translating may take.

    Args:
        device: where the network runs.
        memory: bytes, also as "4G" or "800M", on the device; None for a share of what is free.

    Raises:
        UsageError: if it is no size.
    """

    def __init__(self, device: torch.device, memory: int | str | None) -> None:
        self.device = device
        self.given = None if memory is None else parse_bytes(memory)

    def bytes(self, tile: int | str = "auto") -> float | None:
        """Return what may be used now; None where that cannot be known.

        Args:
            tile: with "off" all that is free counts, because nothing else can be done.
        """
        if self.given is not None:
            return self.given
        free = free_memory(self.device)
        return None if free is None else free * (1.0 if tile == "off" else SHARE)

    def tile(self, cost: float) -> int:
        """Return the side of a tile that leaves most of the memory to what is kept.

        Args:
            cost: bytes for each pixel of a tile.
        """
        side, free = LARGEST_TILE.get(self.device.type, LARGEST_TILE["cpu"]), self.bytes()
        while side > SMALLEST_TILE and free is not None and cost * side**2 > free / 4:
            side //= 2
        return side

    def require(self, tile: int | str, cost: float) -> None:
        """Refuse a given size in which not even a tile can run.

        Args:
            tile: its side in pixels; "auto" for the smallest; "off" for none, where every picture
                decides for itself.
            cost: bytes for each pixel of a tile.

        Raises:
            UsageError: naming the least that works.
        """
        if self.given is None or tile == "off":
            return
        side = SMALLEST_TILE if tile == "auto" else int(tile)
        need = int(cost * side**2)
        if self.given < need:
            raise UsageError(
                f"memory of {sized(self.given)} is too little: a tile of {side} pixels takes "
                f"{sized(need)} in this network; give at least that"
            )

    def kept(self, tile: int, cost: float, picture: int) -> float:
        """Return the bytes of host memory that values may be kept in between passes.

        Args:
            tile: side of a tile in pixels.
            cost: bytes for each pixel of a tile.
            picture: bytes of the picture; its copies on the way in and out are left room.
        """
        on_host = self.device.type == "cpu"
        free = self.bytes() if on_host else Budget(_CPU, None).bytes()
        used = 3 * picture + (cost * tile**2 if on_host else 0)
        return float("inf") if free is None else max(0.0, free - used)


def parse_bytes(size: int | str) -> int:
    """Return a number of bytes; "4G" and "800M" are powers of 1024.

    Raises:
        UsageError: if it is no size.
    """
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMGT]?)(?:i?B)?", str(size).strip(), re.IGNORECASE)
    number = float(match[1]) * _UNITS[match[2].upper()] if match else 0
    if number < 1:
        raise UsageError(f"memory must be a size such as 4G or 800M, got {size!r}")
    return int(number)


def bytes_per_pixel(network: nn.Module, sample: Tensor) -> float:
    """Estimate the peak of memory in a forward pass, for each pixel of the input.

    Args:
        network: in evaluation mode.
        sample: any input (1, 3, H, W) that it can take.
    """
    peak = 0

    def measure(_: nn.Module, given: tuple[Any, ...], made: Any) -> None:
        nonlocal peak
        tensors = [tensor for tensor in (*given, made) if isinstance(tensor, Tensor)]
        peak = max(peak, sum(tensor.numel() * tensor.element_size() for tensor in tensors))

    leaves = [module for module in network.modules() if not any(module.children())]
    hooks = [module.register_forward_hook(measure) for module in leaves]
    try:
        with torch.inference_mode():
            network(sample)
    finally:
        for hook in hooks:
            hook.remove()
    return _OVERHEAD * peak / (sample.shape[-1] * sample.shape[-2])


def sized(count: float) -> str:
    """Write a number of bytes as `parse_bytes` takes it, rounded up."""
    unit = next((unit for unit in "TGMK" if count >= _UNITS[unit]), "")
    return f"{math.ceil(10 * count / _UNITS[unit]) / 10:g}{unit}" if unit else f"{count:g} bytes"
