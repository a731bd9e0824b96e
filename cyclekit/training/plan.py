"""What a run will take, found by taking a few of its steps."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

import torch

from cyclekit.config.schema import Config
from cyclekit.data.kinds import Domains
from cyclekit.data.loader import Positions, make_loader, start_loading
from cyclekit.devices import (
    free_memory,
    is_out_of_memory,
    keep_freed_memory,
    release_memory,
    use_own_cores,
)
from cyclekit.errors import TrainingError
from cyclekit.methods.base import Moment
from cyclekit.pixels import from_bytes
from cyclekit.training.inputs import pictures_of
from cyclekit.training.learner import Learner, build_learner, check_fit
from cyclekit.training.length import planned_length
from cyclekit.training.precision import choose_precision
from cyclekit.training.step import parameters_of, train_step

STEPS = 2
"""Steps that are measured, after one that is not: it allocates what all others use again."""
ROOM = 0.9
"""Share of the free memory that a step may take."""
REACH = 16
"""How many times as many pixels as were measured anything is claimed of."""
NOISE = 2**24
"""Bytes of which a process's rise says nothing; a step that takes less is counted as taking these."""

Limit = Literal["memory", "measure", "pictures"]
"""What ends a claim: memory, the reach of what was measured, or the data set."""


@dataclass(frozen=True)
class Plan:
    """What was measured, and what follows."""

    batch: int
    """Pictures of each domain a step."""
    pieces: int
    """Parts that a batch had to go through in."""
    crop: int
    """Side of the crops, px."""
    seconds: float
    """Time of one step."""
    images: int | None
    """Length of the run; None where neither it nor minutes were given."""
    standing: int | None
    """Memory that the run holds between its steps, bytes; None where it cannot be known."""
    moving: int | None
    """What a step takes on top, at its peak."""
    gradients: int
    """Part of that which does not grow with the pictures."""
    free: int | None
    """What could be taken when nothing else was, bytes."""
    stride: int | None
    """What a crop must be a multiple of; None where the generator knows one size only."""
    pictures: int
    """In the larger domain: a batch of more would show some twice."""

    @property
    def speed(self) -> float:
        """Pictures of each domain a second."""
        return self.batch / self.seconds

    @property
    def total_seconds(self) -> float | None:
        """How long the run takes, without samples and measurements."""
        return None if self.images is None else self.images / self.speed

    @property
    def largest_batch(self) -> tuple[int, Limit] | None:
        """Pictures of this crop that fit at once, and what ends them.

        What a step takes grows in line with the pictures.
        """
        room = self._room()
        if room is None:
            return None
        most: dict[Limit, int] = {
            "memory": int(room * self.batch / self.pieces),
            "measure": REACH * self.batch // self.pieces,
            "pictures": max(self.pictures, self.batch),
        }
        limit = min(most, key=lambda one: most[one])
        return most[limit], limit

    @property
    def largest_crop(self) -> tuple[int, Limit] | None:
        """Largest crop at this batch, px, and what ends it; what a step takes grows with its area."""
        room = self._room()
        if room is None or self.stride is None:
            return None
        times = min(room, REACH) / self.pieces
        side = int(self.crop * math.sqrt(times)) // self.stride * self.stride
        return side, "memory" if room < REACH else "measure"

    def _room(self) -> float | None:
        """Return how many times the pictures of a piece fit."""
        if self.moving is None or self.free is None:
            return None
        growing = max(self.moving - self.gradients, NOISE)
        return max(0.0, ROOM * self.free - self.gradients) / growing


def make_plan(config: Config, domains: Domains, device: torch.device) -> Plan:
    """Take a few steps of a run, keep nothing, and say what it will take.

    Raises:
        ConfigError: if the settings do not fit each other.
        TrainingError: if a single picture does not fit into memory.
    """
    check_fit(config, len(domains))
    pieces = 1
    while pieces <= config.train.batch:
        try:
            return _measure(config, domains, device, pieces)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
        release_memory()
        pieces *= 2
    raise TrainingError(out_of_memory(config, config.train.batch))


def out_of_memory(config: Config, share: int, processes: int = 1) -> str:
    """Say in one line that a run does not fit, and what would."""
    what = "a single picture" if processes == 1 else f"{share} pictures a process"
    smaller = "data.crop or generator.width" if processes == 1 else "train.batch or data.crop"
    return f"out of memory with {what} of {config.data.crop} px at once; lower {smaller}"


def first_steps(
    config: Config, domains: Domains, device: torch.device, pieces: int = 1,
    learner: Learner | None = None,
) -> Iterator[Callable[..., None]]:  # fmt: skip
    """Yield one step of a run after another, to be taken by calling it; nothing is kept.

    Args:
        config: of the run.
        domains: of the run.
        device: where to compute.
        pieces: parts that a batch goes through in.
        learner: who learns; a new one if None.
    """
    use_own_cores()
    keep_freed_memory()
    learner = learner or build_learner(config, device, len(domains))
    positions = Positions(0, config.train.batch)
    loader = make_loader(pictures_of(config, domains), positions, config.data.workers)
    for number, raw in enumerate(start_loading(loader)):
        yield partial(_step, config, learner, raw.values, number, pieces, device)


def _measure(config: Config, domains: Domains, device: torch.device, pieces: int) -> Plan:
    learner = build_learner(config, device, len(domains))
    steps = first_steps(config, domains, device, pieces, learner)
    memory = _Memory(device)
    next(steps)()
    release_memory()  # what is held although it is free would hide what comes
    memory.begin()
    start = time.perf_counter()
    for _ in range(STEPS):
        next(steps)()
    seconds = time.perf_counter() - start
    first = next(steps)
    first(moment=Moment())  # lazy penalties are due in a run's first step; they may need the most
    generator = next(iter(learner.method.translators().values()))
    minutes = config.train.minutes
    pictures = len(pictures_of(config, domains))
    length = planned_length(config, pictures)
    if length is None and minutes is not None:
        length = round(60 * minutes * STEPS * config.train.batch / seconds)
    return Plan(
        batch=config.train.batch, pieces=pieces, crop=config.data.crop, seconds=seconds / STEPS,
        images=length, standing=memory.standing, moving=memory.moving(),
        gradients=_gradients(learner), free=free_memory(device),
        stride=getattr(generator, "stride", None), pictures=pictures,
    )  # fmt: skip


def _step(
    config: Config, learner: Learner, values: Mapping[str, torch.Tensor], number: int, pieces: int,
    device: torch.device, moment: Moment | None = None,
) -> None:  # fmt: skip
    batch = {}
    for name, value in values.items():
        moved = value.to(device)
        if moved.dtype == torch.uint8:
            moved = from_bytes(moved).contiguous(memory_format=torch.channels_last)
        batch[name] = moved
    # One in which the phases with an interval take part.
    intervals = math.lcm(*(phase.interval for phase in learner.method.phases()))
    train_step(
        learner.method, learner.optimizers, batch, seed=number, pieces=pieces,
        moment=moment or Moment(step=intervals * (number + 1) - 1),
        dtype=choose_precision(config.train.precision, device),
    )  # fmt: skip
    learner.average.update(learner.method.translators(), number + 1, config.train.batch)
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def _gradients(learner: Learner) -> int:
    """Return the bytes of the largest phase's gradients, float32."""
    counts = [
        sum(weight.numel() for weight in parameters_of(one)) for one in learner.optimizers.values()
    ]
    return 4 * max(counts)


class _Memory:
    """Measures by how much memory rises at its peak."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self.standing: int | None = None

    def begin(self) -> None:
        """Forget earlier peaks."""
        if self._device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(self._device)
            self.standing = torch.cuda.memory_allocated(self._device)
            return
        with suppress(OSError):  # not on Linux: nothing can be said
            Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
            self.standing = _resident("VmRSS")

    def moving(self) -> int | None:
        """Return the rise since `begin`, bytes."""
        if self.standing is None:
            return None
        if self._device.type == "cuda":
            return torch.cuda.max_memory_allocated(self._device) - self.standing
        return max(0, _resident("VmHWM") - self.standing)


def _resident(key: str) -> int:
    """Read a line of this process's status, bytes."""
    status = Path(f"/proc/{os.getpid()}/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith(f"{key}:"))
    return int(line.split()[1]) * 1024
