"""One step: every player's turn, once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.profiler import record_function

from cyclekit.methods import Method
from cyclekit.methods.base import Batch, Images, Moment
from cyclekit.models.drawing import drawing_for
from cyclekit.training.distributed import Team, average_gradients
from cyclekit.training.precision import forward_in

MAKING, PHASE = "making pictures", "phase "
"""Labels of a step's parts, for whoever looks where its time goes."""


def train_step(
    method: Method,
    optimizers: Mapping[str, Optimizer],
    batch: Batch,
    *,
    seed: int,
    moment: Moment = Moment(),  # noqa: B008 (frozen)
    dtype: torch.dtype = torch.float32,
    team: Team = Team(),  # noqa: B008 (frozen)
    resting: frozenset[str] = frozenset(),
    pieces: int = 1,
) -> dict[str, Tensor]:
    """Let every phase of `method` that is due learn from one batch.

    Args:
        method: the game.
        optimizers: one a phase, by the phase's name; what none of its parameters is stays frozen.
        batch: this process's share: float (N, C, H, W) in [-1, 1], and labels.
        seed: for all that is drawn at random in this step.
        moment: when.
        dtype: type of the forward passes.
        team: the processes that share the batch.
        resting: phases that learn nothing now.
        pieces: parts of the batch that go through one after another, where it does not fit at once;
            their gradients are added up before anybody learns.

    Returns:
        Detached weighted losses by name, on the device.
    """
    torch.manual_seed(seed)  # the same on every process: each draws for all, and takes its own
    report: dict[str, Tensor] = {}
    device = next(iter(batch.values())).device
    method.moment = moment
    due = [phase for phase in method.phases() if phase.is_due(moment.step)]
    phases = [phase for phase in due if phase.name not in resting]
    parts = list(_split(batch, pieces, seed, team))
    images: dict[int, Images] = {}
    for phase in phases:
        parameters = parameters_of(optimizers[phase.name])
        for number, (part, own_seed, share) in enumerate(parts):
            with _only(method, parameters), drawing_for(_rows(part)):
                if number not in images:
                    with forward_in(dtype, device), record_function(MAKING):
                        images[number] = method(part, own_seed)
                with record_function(f"{PHASE}{phase.name}"):
                    with forward_in(dtype, device):
                        losses = method.losses(phase.name, part, images[number], own_seed)
                    (share * torch.stack(list(losses.values())).sum()).backward()
            images[number] = {name: image.detach() for name, image in images[number].items()}
            for name, loss in losses.items():
                report[name] = report.get(name, 0) + share * loss.detach()
        average_gradients(parameters, team)
        with record_function(f"{PHASE}{phase.name}"):
            optimizers[phase.name].step()
        optimizers[phase.name].zero_grad(set_to_none=True)
    return report


def _split(batch: Batch, pieces: int, seed: int, team: Team) -> Iterator[tuple[Batch, int, float]]:
    """Yield parts of a batch, each with a seed of its own and its share of the whole."""
    count = _rows(batch)
    split = {name: value.tensor_split(pieces) for name, value in batch.items()}
    first = 0
    for number in range(pieces):
        part = {name: values[number] for name, values in split.items()}
        yield part, seed + 2 * first * team.world, _rows(part) / count
        first += _rows(part)


def _rows(batch: Batch) -> int:
    return len(next(iter(batch.values())))


def parameters_of(optimizer: Optimizer) -> list[Tensor]:
    """Return what an optimizer changes."""
    return [weight for group in optimizer.param_groups for weight in group["params"]]


@contextmanager
def _only(method: nn.Module, parameters: list[Tensor]) -> Iterator[None]:
    """Let gradients reach some parameters only; the others cost nothing."""
    method.requires_grad_(False)
    for parameter in parameters:
        parameter.requires_grad_(True)
    try:
        yield
    finally:
        method.requires_grad_(True)
