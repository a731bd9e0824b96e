"""Which device computes, in which types it does so natively, and how much memory it has left."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from cyclekit.errors import UsageError

if TYPE_CHECKING:
    import torch

_CGROUP = Path("/sys/fs/cgroup")


def find_device(name: str) -> torch.device:
    """Turn "auto", "cpu", "cuda" or "cuda:1" into a device that is there.

    Raises:
        UsageError: if the name is unknown or the device absent.
    """
    import torch

    found = name
    if name == "auto":
        found = "cuda" if torch.cuda.is_available() else "cpu"
    if found == "cuda":
        found = f"cuda:{os.environ.get('LOCAL_RANK', '0')}"  # torchrun: a device a process
    try:
        device = torch.device(found)
        torch.empty(1, device=device).item()  # "meta" makes no value
    except (RuntimeError, AssertionError, ImportError) as error:
        raise UsageError(f"no device '{name}' here; expected auto, cpu or cuda") from error
    return device


def has_native_bf16(device: torch.device) -> bool:
    """Say whether bfloat16 products run in hardware on `device`."""
    import torch

    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    checks = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    found = (getattr(torch.cpu, check, None) for check in checks)
    return device.type == "cpu" and any(bool(check()) for check in found if check)


def full_precision(device: torch.device) -> AbstractContextManager[object]:
    """Leave autocast within the block, for what is too small or too large for half precision."""
    import torch

    if device.type == "meta":  # knows no autocast, and has no numbers to lose
        return nullcontext()
    return torch.autocast(device.type, enabled=False)


def free_memory(device: torch.device) -> int | None:
    """Return the bytes that can be taken on a device, None where that cannot be known."""
    import torch

    if device.type == "cuda":
        reserved = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return torch.cuda.mem_get_info(device)[0] + reserved
    free = [amount for amount in (_of_machine(), _of_container()) if amount is not None]
    return min(free) if free else None


def _of_machine() -> int | None:
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        table = dict(line.split(":", 1) for line in lines)
        return int(table["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError, ValueError):
        return None


def _of_container() -> int | None:
    """What a control group leaves; its file cache would be given back, and counts as free."""
    try:
        limit = int((_CGROUP / "memory.max").read_text())
        used = int((_CGROUP / "memory.current").read_text())
        parts = dict(line.split() for line in (_CGROUP / "memory.stat").read_text().splitlines())
        return limit - used + int(parts["inactive_file"])
    except (OSError, KeyError, ValueError):  # no limit reads "max"
        return None
