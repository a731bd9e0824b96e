"""Several processes that learn as one (start them with torchrun)."""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import Tensor, distributed

from cyclekit.errors import ConfigError

T = TypeVar("T")


@dataclass(frozen=True)
class Team:
    """The processes of a run."""

    rank: int = 0
    """This process; 0 writes the files."""
    world: int = 1
    """How many there are."""

    @property
    def leads(self) -> bool:
        """Whether this process writes files and reports."""
        return self.rank == 0


def join_team(device: torch.device) -> Team:
    """Join the processes that torchrun started; alone, return a team of one."""
    world = int(os.environ.get("WORLD_SIZE", "1"))
    if world == 1:
        return Team()
    if device.type == "cuda":
        torch.cuda.set_device(device)  # messages go by way of the current device
    if not distributed.is_initialized():
        # Its functions keep the group that is open as they are imported, by their defaults. Torch
        # imports it with the first optimizer: the group's threads would outlive `leave_team`, and
        # one that lets go of a tensor while Python shuts down aborts the process.
        importlib.import_module("torch.distributed.nn.functional")
        distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
    return Team(distributed.get_rank(), distributed.get_world_size())


def leave_team() -> None:
    """Close what `join_team` opened."""
    if distributed.is_initialized():
        distributed.destroy_process_group()


def require_even_shares(batch: int, team: Team) -> None:
    """Refuse a batch that the processes cannot share evenly.

    Raises:
        ConfigError: naming both numbers.
    """
    if batch % team.world:
        raise ConfigError(f"train.batch must be a multiple of {team.world} processes, got {batch}")


def average_gradients(parameters: Iterable[Tensor], team: Team) -> None:
    """Replace every gradient by its mean over the processes, in one message.

    One call after a phase equals one process on the whole batch, whatever the method called.
    """
    if team.world == 1:
        return
    gradients = [p.grad for p in parameters if p.grad is not None]
    flat = torch.cat([gradient.flatten() for gradient in gradients])
    distributed.all_reduce(flat)
    flat /= team.world
    start = 0
    for gradient in gradients:
        gradient.copy_(flat[start : start + gradient.numel()].view_as(gradient))
        start += gradient.numel()


def average(values: Tensor, team: Team) -> Tensor:
    """Return the mean of a tensor over the processes; of one, the tensor itself."""
    if team.world == 1:
        return values
    shared = values.clone()
    distributed.all_reduce(shared)
    return shared / team.world


def leaders(value: T, team: Team) -> T:
    """Return what the leading process holds; any plain value."""
    if team.world == 1:
        return value
    held = [value]
    distributed.broadcast_object_list(held, src=0)
    return held[0]


def wait_for_all(team: Team) -> None:
    """Return once every process has come here."""
    if team.world > 1:
        distributed.barrier()


def anyone(flag: bool, team: Team) -> bool:
    """Say whether any process raised `flag`, so that all stop at the same step."""
    if team.world == 1:
        return flag
    votes = torch.tensor([float(flag)])
    if distributed.get_backend() == "nccl":
        votes = votes.cuda()
    distributed.all_reduce(votes)
    return bool(votes.item())
