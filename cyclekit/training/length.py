"""How many pictures a run is long."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import distributed

from cyclekit.config.schema import Config
from cyclekit.training.distributed import Team, anyone
from cyclekit.training.progress import Progress

SETTLED = 0.1
"""Part of the minutes after which the speed is taken as known; the rate is still constant then."""


def planned_length(config: Config, epoch: int) -> int | None:
    """Return the length in pictures, a multiple of the batch; None where only minutes are given.

    Args:
        config: the settings.
        epoch: pictures of one pass over the data.
    """
    train = config.train
    if train.images is not None:
        return _whole_batches(train.images, train.batch)
    if train.epochs is not None:
        return _whole_batches(train.epochs * epoch, train.batch)
    return None


def settle_length(progress: Progress, config: Config, team: Team, device: torch.device) -> Progress:
    """Turn minutes into pictures, once enough of them have shown the speed.

    From then on the length is fixed, so that the learning rate is a function of pictures seen.
    """
    minutes = config.train.minutes
    if progress.total is not None or minutes is None:
        return progress
    if not anyone(progress.seconds >= SETTLED * 60 * minutes, team):
        return progress
    speed = progress.images / progress.seconds
    total = _whole_batches(60 * minutes * speed, config.train.batch)
    return replace(progress, total=total if team.world == 1 else _leaders(total, device))


def _whole_batches(images: float, batch: int) -> int:
    return max(1, round(images / batch)) * batch


def _leaders(total: int, device: torch.device) -> int:
    shared = torch.tensor([total], device=device)
    distributed.broadcast(shared, src=0)
    return int(shared.item())
