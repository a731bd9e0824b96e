"""Batch norm that many processes share, that a class can steer, and that can stand still."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from cyclekit.models.processes import total, world


class BatchNorm(nn.BatchNorm2d):
    """Batch norm (https://arxiv.org/abs/1502.03167) over the pictures of all processes.

    Where `alone` is true, this process runs pictures that no other one knows of.
    """

    alone: bool = False

    def forward(self, input: Tensor) -> Tensor:
        """Normalise (N, C, H, W); in training by the whole batch, however it is shared."""
        if not self.training or self.alone or world() == 1:
            return super().forward(input)
        return self._over_all_processes(input)

    def _over_all_processes(self, x: Tensor) -> Tensor:
        y, mean, variance, count = normalised_by_all(x, self.eps)
        self._track(mean.detach(), variance.detach() * (count / max(count - 1, 1)))
        if self.weight is not None:
            y = y * self.weight[:, None, None] + self.bias[:, None, None]
        return y.to(x.dtype)

    @torch.no_grad()
    def _track(self, mean: Tensor, variance: Tensor) -> None:
        if self.running_mean is None or self.running_var is None:
            return
        assert self.num_batches_tracked is not None  # it goes with the others
        self.num_batches_tracked += 1
        new = self.momentum if self.momentum is not None else 1 / float(self.num_batches_tracked)
        self.running_mean.lerp_(mean, new)
        self.running_var.lerp_(variance, new)


def normalised_by_all(x: Tensor, eps: float) -> tuple[Tensor, Tensor, Tensor, int]:
    """Normalise channels by the pictures of all processes, in float32.

    Args:
        x: this process's pictures, (N, C, H, W).
        eps: added to the variance.

    Returns:
        The normalised pictures, means (C,), biased variances (C,), and of how many numbers.
    """
    wide = x.float()
    count = wide[:, 0].numel() * world()
    mean = total(wide.sum((0, 2, 3))) / count
    centred = wide - mean[:, None, None]
    variance = total(centred.square().sum((0, 2, 3))) / count
    return centred * torch.rsqrt(variance + eps)[:, None, None], mean, variance, count


class ConditionalBatchNorm(nn.Module):
    """Batch norm whose scale and shift follow a condition (https://arxiv.org/abs/1707.00683).

    y = norm(x) · (1 + scale(c)) + shift(c), linear in c without bias, as BigGAN writes it.

    Args:
        channels: C of the input.
        condition: length of the vector c.
    """

    def __init__(self, channels: int, condition: int) -> None:
        super().__init__()
        self.norm = BatchNorm(channels, affine=False)
        self.scale = nn.Linear(condition, channels, bias=False)
        self.shift = nn.Linear(condition, channels, bias=False)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        """Normalise (N, C, H, W) under conditions (N, condition)."""
        scale = 1 + self.scale(condition)[:, :, None, None]
        return self.norm(x) * scale + self.shift(condition)[:, :, None, None]  # type: ignore[no-any-return]


@torch.no_grad()
def measure_standing(network: nn.Module, batches: Iterable[tuple[Tensor, ...]]) -> None:
    """Replace the running statistics of all batch norms by their mean over `batches`.

    BigGAN's standing statistics (https://arxiv.org/abs/1809.11096): running ones
    belong to weights of the past, and to noise that is not truncated.

    Args:
        network: in evaluation mode; stays so.
        batches: arguments of forward passes; not even read where there is no batch norm.
    """
    norms = [module for module in network.modules() if isinstance(module, BatchNorm)]
    if not norms:
        return
    before = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # the plain mean of all batches
        norm.alone = True
        norm.train()
    try:
        for batch in batches:
            network(*batch)
    finally:
        for norm, momentum in zip(norms, before, strict=True):
            norm.momentum, norm.alone = momentum, False
            norm.eval()
