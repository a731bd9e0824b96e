"""Keeps the values between two passes: in memory, and past a bound in a temporary file."""

from __future__ import annotations

import mmap
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import torch
from torch import Tensor

from cyclekit.errors import MediaError
from cyclekit.inference.memory import sized


@dataclass(frozen=True)
class Region:
    """Rows and columns of a value."""

    top: int
    bottom: int
    """One past the last row."""
    left: int
    right: int
    """One past the last column."""

    @property
    def height(self) -> int:
        """Rows."""
        return self.bottom - self.top

    @property
    def width(self) -> int:
        """Columns."""
        return self.right - self.left

    def union(self, other: Region) -> Region:
        """Return the smallest region that holds both."""
        return Region(
            min(self.top, other.top),
            max(self.bottom, other.bottom),
            min(self.left, other.left),
            max(self.right, other.right),
        )

    def scaled(self, up: int, down: int) -> Region:
        """Return the same region where every `down` pixels are `up`."""
        edges = (self.top, self.bottom, self.left, self.right)
        return Region(*(edge * up // down for edge in edges))

    def within(self, outer: Region) -> tuple[slice, slice]:
        """Return the slices that cut this region out of an array that holds `outer`."""
        top, left = self.top - outer.top, self.left - outer.left
        return slice(top, top + self.height), slice(left, left + self.width)


class Plane:
    """A value of the network for the whole picture, (height, width, channels).

    Args:
        height: rows.
        width: columns.
        channels: channels.
        dtype: of the numbers.
        in_file: keep it in a temporary file that is mapped, not in memory.

    Raises:
        MediaError: if the disk has no room for it.
    """

    def __init__(
        self, height: int, width: int, channels: int, dtype: torch.dtype, *, in_file: bool
    ) -> None:
        self.bytes = height * width * channels * dtype.itemsize
        self.in_file = in_file
        self._map = _mapped_file(self.bytes) if in_file else _mapped_memory(self.bytes)
        self._values = torch.frombuffer(self._map, dtype=dtype).view(height, width, channels)

    def read(self, region: Region) -> Tensor:
        """Return a region, (1, C, h, w) in channels-last memory; a view if it is whole rows."""
        rows = self._values[region.top : region.bottom, region.left : region.right]
        # Kernels fall back to slow paths on strides that are not channels-last: 20 times here.
        return rows.permute(2, 0, 1)[None].contiguous(memory_format=torch.channels_last)

    def write(self, region: Region, values: Tensor) -> None:
        """Store (1, C, h, w)."""
        rows = self._values[region.top : region.bottom, region.left : region.right]
        rows.copy_(values[0].permute(1, 2, 0))

    def release(self) -> None:
        """Give resident memory back; the values of a file stay in it."""
        if self.in_file and hasattr(mmap, "MADV_DONTNEED"):
            self._map.madvise(mmap.MADV_DONTNEED)

    def close(self) -> None:
        """Forget the values."""
        del self._values
        self._map.close()


def check_room(size: float, memory: float) -> None:
    """Refuse, before any work is done, what will fit neither into memory nor on the disk.

    Args:
        size: bytes that will be kept at most at a time.
        memory: as for `Planes`.

    Raises:
        MediaError: if the disk is too small.
    """
    place = Path(tempfile.gettempdir())
    free = shutil.disk_usage(place).free
    if size - memory > free:
        raise MediaError(
            f"about {sized(size - memory)} of temporary files are needed, {place} has "
            f"{sized(free)} (the variable TMPDIR names another place)"
        )


def _mapped_memory(size: int) -> mmap.mmap:
    """Map memory in large pages where there are any: taking 4 KiB at a time costs more than use."""
    if not hasattr(mmap, "MADV_HUGEPAGE"):
        return mmap.mmap(-1, size)
    mapped = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    with suppress(OSError):  # a kernel without them
        mapped.madvise(mmap.MADV_HUGEPAGE)
    return mapped


def _mapped_file(size: int) -> mmap.mmap:
    """Map a file without a name, whose room on the disk is taken now: later it would be a signal."""
    try:
        with tempfile.TemporaryFile(prefix="cyclekit-") as file:
            _reserve(file, size)
            return mmap.mmap(file.fileno(), size)
    except OSError as error:
        where = f"in {tempfile.gettempdir()} (TMPDIR names another place)"
        raise MediaError(
            f"a temporary file of {sized(size)} does not fit {where}: {error.strerror}"
        ) from error


def _reserve(file: IO[bytes], size: int) -> None:
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(file.fileno(), 0, size)
    else:
        file.truncate(size)


class Planes:
    """All values that are kept at a time.

    Args:
        memory: bytes that may be kept in memory; what does not fit goes into files.
    """

    def __init__(self, memory: float) -> None:
        self.memory = memory
        self.used = 0
        self._planes: dict[object, Plane] = {}

    def add(self, key: object, height: int, width: int, channels: int, dtype: torch.dtype) -> None:
        """Make room for a value."""
        size = height * width * channels * dtype.itemsize
        in_file = self.used + size > self.memory
        try:
            plane = Plane(height, width, channels, dtype, in_file=in_file)
        except OSError:  # the system itself is more frugal than the bound
            plane = Plane(height, width, channels, dtype, in_file=True)
        self._planes[key] = plane
        self.used += 0 if plane.in_file else size

    def __getitem__(self, key: object) -> Plane:
        """Return a value that was added."""
        return self._planes[key]

    def drop(self, key: object) -> None:
        """Forget a value."""
        plane = self._planes.pop(key)
        self.used -= 0 if plane.in_file else plane.bytes
        plane.close()

    def clear(self) -> None:
        """Forget all values."""
        for key in list(self._planes):
            self.drop(key)

    def release(self) -> None:
        """Give back the resident memory of what lies in files."""
        for plane in self._planes.values():
            plane.release()


@contextmanager
def planes(memory: float) -> Iterator[Planes]:
    """Keep values until the block ends.

    Args:
        memory: as for `Planes`.
    """
    kept = Planes(memory)
    try:
        yield kept
    finally:
        kept.clear()
