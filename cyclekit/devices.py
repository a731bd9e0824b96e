"""Which device computes, in which types it does so natively, and how much memory it has left."""

from __future__ import annotations

import ctypes
import gc
import os
import platform
import shutil
from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from cyclekit.errors import UsageError

if TYPE_CHECKING:
    import torch

_CGROUP = Path("/sys/fs/cgroup")
_ALLOCATOR = ("MALLOC_", "GLIBC_TUNABLES")
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # malloc.h


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


def machine_name(device: torch.device) -> str:
    """Name the processor or GPU, as its maker does where that can be read."""
    import torch

    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(
            line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")
        )
    except (OSError, StopIteration):
        return f"{platform.processor()} {platform.machine()}".strip()


def has_compiler() -> bool:
    """Say whether there is a C++ compiler, which `torch.compile` needs."""
    names = (os.environ.get("CXX", "g++"), "c++", "clang++")
    return any(shutil.which(name) for name in names)


def choose_fastest_convolutions() -> None:
    """Let a GPU time its ways to convolve at the first picture of a size, and keep the fastest."""
    import torch

    torch.backends.cudnn.benchmark = True


def use_own_cores() -> None:
    """Let torch compute on as many threads as there are cores for this process.

    Torch counts the machine's cores; in a container with a share of them, threads that wait for
    each other would cost more than they do. A number that the user gave (OMP_NUM_THREADS) stays.
    """
    import torch

    if "OMP_NUM_THREADS" not in os.environ:
        torch.set_num_threads(min(torch.get_num_threads(), own_cores()))


def keep_freed_memory() -> None:
    """Let the C library keep large blocks that were freed, for the next layer, up to 1 GiB.

    Layers of large pictures free and take the same hundreds of MiB again and again; given back to
    the system each time, they cost a page fault for every 4 KiB: a third of the time of a picture
    of 2 megapixels, a tenth of a training step at 256 px. Only glibc is told; what the user set for it (MALLOC_..., GLIBC_TUNABLES)
    stays.
    """
    if platform.libc_ver()[0] != "glibc" or any(name.startswith(_ALLOCATOR) for name in os.environ):
        return
    libc = ctypes.CDLL(None)
    libc.mallopt(_M_MMAP_THRESHOLD, 2**30)
    libc.mallopt(_M_TRIM_THRESHOLD, -1)  # never


def own_cores() -> int:
    """Return the cores that this process may use: affinity, and the share of its container."""
    counts = getattr(os, "sched_getaffinity", lambda _: range(os.cpu_count() or 1))(0)
    try:
        share, period = (_CGROUP / "cpu.max").read_text(encoding="ascii").split()
        return max(1, min(len(counts), -(-int(share) // int(period))))
    except (OSError, ValueError):  # no limit reads "max"
        return len(counts)


def free_memory(device: torch.device) -> int | None:
    """Return the bytes that can be taken on a device, None where that cannot be known."""
    import torch

    if device.type == "cuda":
        reserved = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return torch.cuda.mem_get_info(device)[0] + reserved
    free = [amount for amount in (_of_machine(), _of_container()) if amount is not None]
    return min(free) if free else None


def release_memory() -> None:
    """Give back what was freed but is still held, by Python, by torch and by the C library."""
    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    with suppress(OSError, AttributeError):  # another C library
        ctypes.CDLL(None).malloc_trim(0)


def is_out_of_memory(error: BaseException) -> bool:
    """Say whether an error means that memory did not suffice, on a GPU or on the processor."""
    import torch

    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    words = ("can't allocate memory", "not enough memory", "could not create a")  # oneDNN's
    return isinstance(error, RuntimeError) and any(word in str(error) for word in words)


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
