"""What the processes of a run must share for many to learn as one."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, distributed
from torch.autograd.function import FunctionCtx


def rank() -> int:
    """Return the number of this process, 0 where it is alone."""
    return distributed.get_rank() if distributed.is_initialized() else 0


def world() -> int:
    """Return how many processes there are."""
    return distributed.get_world_size() if distributed.is_initialized() else 1


def total(x: Tensor) -> Tensor:
    """Return the sum of `x` over all processes; gradients pass, any number of times."""
    if world() == 1:
        return x
    return _Total.apply(x)  # type: ignore[no-any-return, no-untyped-call]


def gather(x: Tensor) -> Tensor:
    """Return the rows (N, ...) of all processes, (world N, ...); gradients pass back to each."""
    if world() == 1:
        return x
    before = x.new_zeros(rank() * len(x), *x.shape[1:])
    after = x.new_zeros((world() - rank() - 1) * len(x), *x.shape[1:])
    return total(torch.cat([before, x, after]))


def share(everyone: Tensor) -> Tensor:
    """Return this process's rows of what is the same on all: the inverse of `gather`."""
    count = len(everyone) // world()
    return everyone[rank() * count : (rank() + 1) * count]


class _Total(torch.autograd.Function):
    """A sum whose gradient is the sum of all processes' gradients."""

    @staticmethod
    def forward(ctx: FunctionCtx, x: Tensor) -> Tensor:
        result = x.contiguous().clone()
        distributed.all_reduce(result)
        return result

    @staticmethod
    def backward(ctx: FunctionCtx, *gradients: Tensor) -> Any:
        return _Total.apply(gradients[0])  # type: ignore[no-untyped-call]
