"""How long a training would take on this machine, from two of its steps."""

from __future__ import annotations

import time
from dataclasses import dataclass

import torch

from cyclekit.config.schema import Config
from cyclekit.data.kinds import KINDS
from cyclekit.methods.base import data_kind
from cyclekit.training.learner import build_learner
from cyclekit.training.length import planned_length
from cyclekit.training.precision import choose_precision
from cyclekit.training.step import train_step

STEPS = 2


@dataclass(frozen=True)
class Forecast:
    """What a training would take."""

    step: float
    """Time of one step, s; loading pictures not included."""
    batch: int
    """Pictures of each domain a step."""
    pictures: int
    """Length of the run, pictures of each domain."""
    device: str
    """Where that was measured."""

    @property
    def hours(self) -> float:
        """The whole run."""
        return self.step * self.pictures / self.batch / 3600


def measure(config: Config, domains: int, epoch: int, device: torch.device) -> Forecast:
    """Take steps on random pictures and time them, the first one not counted.

    Args:
        config: the settings; their length counts.
        domains: piles of pictures.
        epoch: pictures of one pass.
        device: where to train.
    """
    learner = build_learner(config, device, domains)
    dtype = choose_precision(config.train.precision, device)
    kind = KINDS[data_kind(config.method.name)]
    shape = (config.train.batch, 3, config.data.crop, config.data.crop)
    batch = {name: torch.rand(shape, device=device) * 2 - 1 for name in kind.pictures}
    if kind.labelled:
        batch["label"] = torch.arange(config.train.batch, device=device) % domains
    times = []
    for seed in range(1 + STEPS):
        started = time.perf_counter()
        train_step(learner.method, learner.optimizers, batch, seed=seed, dtype=dtype)
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        times.append(time.perf_counter() - started)
    length = planned_length(config, epoch) or epoch
    return Forecast(min(times[1:]), config.train.batch, length, device.type)
