"""Where the time of a step goes: by phase, by operation, and against what the machine can do."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.profiler import ProfilerActivity, profile
from torch.utils.flop_counter import FlopCounterMode

from cyclekit.config.schema import Config
from cyclekit.data.kinds import Domains
from cyclekit.training.plan import first_steps
from cyclekit.training.precision import choose_precision
from cyclekit.training.step import MAKING, PHASE

STEPS = 2
"""Steps that are measured, after one that is not."""
OPERATIONS = 12
"""Operations that are listed; the rest is one line."""
MATRIX, TIMES = 1024, 8
"""Side of the matrices that the peak is measured with, and how often; the fastest counts."""
QUIET = "6"
"""Level of the profiler's own log above all that it has; of others it prints when it starts."""


@dataclass(frozen=True)
class Profile:
    """What was measured."""

    seconds: float
    """Time of a step, without reading pictures."""
    parts: Mapping[str, float]
    """Seconds a step of making the pictures and of every phase, in order."""
    operations: Mapping[str, float]
    """Seconds a step of every operation itself, the slowest first; the last is the rest."""
    operations_a_second: float
    """Multiplications and additions a second, all of a step together."""
    peak: float
    """The same, of one product of matrices in the run's precision."""


def make_profile(config: Config, domains: Domains, device: torch.device) -> Profile:
    """Take a few steps of a run, keep nothing, and say where their time goes.

    Raises:
        ConfigError: if the settings do not fit each other.
    """
    steps = first_steps(config, domains, device)
    next(steps)()  # allocates what all others use again
    counter = FlopCounterMode(display=False)
    with counter:
        next(steps)()
    plain = time.perf_counter()
    for _ in range(STEPS):
        next(steps)()
    seconds = (time.perf_counter() - plain) / STEPS
    activities = [ProfilerActivity.CPU]
    if device.type == "cuda":
        activities.append(ProfilerActivity.CUDA)
    os.environ.setdefault("KINETO_LOG_LEVEL", QUIET)  # read as the first profile begins
    with profile(activities=activities) as seen:
        for _ in range(STEPS):
            next(steps)()
    return Profile(
        seconds=seconds,
        parts=_parts(seen),
        operations=_operations(seen, device),
        operations_a_second=counter.get_total_flops() / seconds,
        peak=measure_peak(choose_precision(config.train.precision, device), device),
    )


def measure_peak(dtype: torch.dtype, device: torch.device) -> float:
    """Return the multiplications and additions a second of the fastest of some matrix products."""
    matrix = torch.randn(MATRIX, MATRIX, device=device, dtype=dtype)
    best = float("inf")
    for _ in range(TIMES):
        start = time.perf_counter()
        _synchronized(matrix @ matrix)
        best = min(best, time.perf_counter() - start)
    return 2 * MATRIX**3 / best


def _synchronized(tensor: Tensor) -> None:
    if tensor.is_cuda:
        torch.cuda.synchronize(tensor.device)


def _parts(seen: profile) -> dict[str, float]:
    """Sum what lay under each label of a step, as the processor saw it."""
    totals = {
        event.key: event.cpu_time_total / 1e6 / STEPS
        for event in seen.key_averages()
        if event.key == MAKING or event.key.startswith(PHASE)
    }
    return {name.removeprefix(PHASE): total for name, total in totals.items()}


def _operations(seen: profile, device: torch.device) -> dict[str, float]:
    """Sum what each operation took itself, without those that it calls."""
    what = "self_device_time_total" if device.type == "cuda" else "self_cpu_time_total"
    spent = {
        event.key.removeprefix("aten::"): getattr(event, what) / 1e6 / STEPS
        for event in seen.key_averages()
        if event.key != MAKING and not event.key.startswith(PHASE)
    }
    order = sorted(spent, key=lambda name: spent[name], reverse=True)
    listed = {name: spent[name] for name in order[:OPERATIONS]}
    return listed | {"all others": sum(spent[name] for name in order[OPERATIONS:])}
