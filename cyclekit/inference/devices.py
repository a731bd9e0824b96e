"""Where a network runs, and how much memory is free there."""

from __future__ import annotations

from pathlib import Path

import torch

from cyclekit.errors import UsageError

_CGROUP = Path("/sys/fs/cgroup")


def find_device(name: str = "auto") -> torch.device:
    """Return the device called `name`; "auto" is the first GPU or else the CPU.

    Raises:
        UsageError: if there is no such device.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise UsageError(f"no device '{name}': {reason}; expected auto, cpu or cuda") from error
    return device


def free_memory(device: torch.device) -> int | None:
    """Return the bytes that can be taken on a device, None where that cannot be known."""
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
