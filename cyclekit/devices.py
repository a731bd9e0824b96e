"""Which device computes, and in which types it does so natively."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cyclekit.errors import UsageError

if TYPE_CHECKING:
    import torch


def choose_device(name: str) -> torch.device:
    """Turn "auto", "cpu", "cuda", "cuda:1" or "mps" into a device that is there.

    Raises:
        UsageError: if the name is unknown or the device absent.
    """
    import torch

    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:
        raise UsageError(f"device '{name}' is not available here; try --device cpu") from error
    return device


def has_native_bf16(device: torch.device) -> bool:
    """Say whether bfloat16 products run in hardware on `device`."""
    import torch

    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    checks = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    found = (getattr(torch.cpu, check, None) for check in checks)
    return device.type == "cpu" and any(check() for check in found if check)
