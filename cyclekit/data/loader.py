"""Batches in the order of the run, from any position on, for this process's share."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Literal

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from cyclekit.data.datasets import Item


@dataclass(frozen=True)
class RawBatch:
    """What a step learns from, and what was skipped for it."""

    values: Mapping[str, Tensor]
    """By name: pictures, uint8 (N, 3, H, W), channels-last, and labels, int64 (N,)."""
    broken: tuple[str, ...]
    """Messages about pictures that had to be skipped."""

    def pin_memory(self) -> RawBatch:
        """Move to page-locked memory; the loader calls it where there is a GPU."""
        pinned = {name: value.pin_memory() for name, value in self.values.items()}
        return replace(self, values=pinned)


class Positions(Sampler[list[int]]):
    """Positions of the run, a batch at a time, without end.

    Args:
        start: pictures seen so far.
        batch: pictures (of each domain) a step, over all processes.
        rank: this process.
        world: how many processes share a batch; `batch` is a multiple of it.
    """

    def __init__(self, start: int, batch: int, rank: int = 0, world: int = 1) -> None:
        self.start, self.batch, self.rank, self.world = start, batch, rank, world

    def __iter__(self) -> Iterator[list[int]]:
        share = self.batch // self.world
        first = self.start + self.rank * share
        while True:
            yield list(range(first, first + share))
            first += self.batch


def make_loader(
    dataset: Dataset[Item], positions: Positions, workers: int | Literal["auto"] = "auto"
) -> DataLoader[Item]:
    """Build a loader that yields `RawBatch` for ever."""
    count = _auto_workers() if workers == "auto" else workers
    return DataLoader(
        dataset,
        batch_sampler=positions,
        num_workers=count,
        collate_fn=_collate,
        pin_memory=torch.cuda.is_available(),
        worker_init_fn=_outlast_signals,
        persistent_workers=count > 0,
        multiprocessing_context="spawn" if count else None,
    )


def start_loading(loader: DataLoader[Item]) -> Iterator[RawBatch]:
    """Start the worker processes of a loader, if it has some, and yield its batches.

    Ctrl-C in a terminal, and a `kill` of the group or of every process by its number, reach the
    workers too. They must not hear of it: the run still needs a batch from them until it has saved
    its state.
    """
    with _endings_ignored():
        return iter(loader)


@contextmanager
def _endings_ignored() -> Iterator[None]:
    """Ignore SIGINT and SIGTERM for a moment, and in processes that are started meanwhile.

    Blocking them would not do: multiprocessing lifts the block as it starts its first process.
    """
    if threading.current_thread() is not threading.main_thread():  # it alone has handlers
        yield
        return
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, signal.SIG_IGN) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


def _outlast_signals(worker: int) -> None:
    """Make a worker process a group of its own, and deaf to a `kill`, once it runs.

    Torch has set a handler for SIGTERM there, so that what `_endings_ignored` began did not last. A
    worker ends when its run tells it to, or within seconds once the run is gone.
    """
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if hasattr(os, "setpgid"):  # Windows has no groups
        os.setpgid(0, 0)


def _auto_workers() -> int:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return 0 if not cores or cores <= 2 else min(8, cores // 2)


def _collate(items: list[Item]) -> RawBatch:
    return RawBatch(
        values={
            name: torch.stack([item.values[name] for item in items]) for name in items[0].values
        },
        broken=tuple(message for item in items for message in item.broken),
    )
