"""Which device computes, and in which types it does so natively."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from cyclekit.errors import UsageError

if TYPE_CHECKING:
    import torch


def choose_device(name: str) -> torch.device:
    """Turn "auto", "cpu", "cuda" or "cuda:1" into a device that is there.

    Raises:
        UsageError: if the name is unknown or the device absent.
    """
    import torch

    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cuda":
        name = f"cuda:{os.environ.get('LOCAL_RANK', '0')}"  # torchrun: a device a process
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise UsageError(f"no device '{name}': {reason}; expected auto, cpu or cuda") from error
    return device


def has_native_bf16(device: torch.device) -> bool:
    """Say whether bfloat16 products run in hardware on `device`."""
    import torch

    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    checks = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    found = (getattr(torch.cpu, check, None) for check in checks)
    return device.type == "cpu" and any(bool(check()) for check in found if check)
