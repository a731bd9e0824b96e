"""Instance norm whose statistics are a value: lived, recorded, replayed, or carried over time.

Exact tiles use the statistics of the whole picture; steady video carries an average from frame to
frame.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.autograd.function import FunctionCtx, once_differentiable
from torch.nn import functional as F

from cyclekit.models.batch_norm import normalised_by_all
from cyclekit.models.processes import world

EPSILON = 1e-5


@dataclass
class Statistics:
    """What the norms of a network saw, by the norms' names."""

    mean: dict[str, Tensor] = field(default_factory=dict)
    """Means over height and width, float32 (N, C)."""
    variance: dict[str, Tensor] = field(default_factory=dict)
    """Biased variances over height and width, float32 (N, C)."""


@dataclass
class Carried(Statistics):
    """Statistics that each picture changes a little and then uses: an exponential average.

    The values are those after the latest picture, float32 (1, C) per norm.
    """

    keep: float = 0.9
    """Share of the old value that stays at each picture; 1 keeps what the first one saw."""

    def update(self, name: str, mean: Tensor, variance: Tensor) -> tuple[Tensor, Tensor]:
        """Take what a norm sees of pictures in order of time; return what it is to use for each.

        Args:
            name: of the norm.
            mean: (N, C).
            variance: (N, C), biased.
        """
        return (
            self._averaged(self.mean, name, mean),
            self._averaged(self.variance, name, variance),
        )

    def _averaged(self, values: dict[str, Tensor], name: str, seen: Tensor) -> Tensor:
        used = []
        for row in seen.split(1):
            old = values.get(name)
            # From the old value towards the new: equal frames then leave it exactly as it is.
            values[name] = row if old is None else old + (1 - self.keep) * (row - old)
            used.append(values[name])
        return torch.cat(used)

    def reset(self) -> None:
        """Forget; the next picture is a first one."""
        self.mean.clear()
        self.variance.clear()


class InstanceNorm(nn.Module):
    """Normalise every channel of every picture by its own mean and variance over (H, W).

    Instance normalization (https://arxiv.org/abs/1607.08022), equal to `torch.nn.InstanceNorm2d`.
    Keeps channels-last memory; keeps its statistics in float32 whatever the type of the input.

    Args:
        channels: C of the input (N, C, H, W).
        affine: learn a scale and a shift per channel. The published generators do not.
        eps: added to the variance.
    """

    def __init__(self, channels: int, affine: bool = False, eps: float = EPSILON) -> None:
        super().__init__()
        self.channels = channels
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(channels)) if affine else None
        self.bias = nn.Parameter(torch.zeros(channels)) if affine else None
        self.name = ""
        self.recorded: Statistics | None = None
        self.replayed: Statistics | None = None
        self.carried: Carried | None = None
        self.steered: Mapping[str, tuple[Tensor, Tensor]] | None = None

    def forward(self, x: Tensor) -> Tensor:
        """Normalise `x` (N, C, H, W); the result has its shape, type and memory order."""
        if self.replayed is not None:
            return self.normalise(
                x, self.replayed.mean[self.name], self.replayed.variance[self.name]
            )
        y, mean, inverse = _Normalise.apply(x, self.eps)  # type: ignore[no-untyped-call]
        if self.carried is not None:
            return self.normalise(x, *self.carried.update(self.name, mean, inverse**-2 - self.eps))
        if self.recorded is not None:
            self.recorded.mean[self.name] = mean.detach()
            self.recorded.variance[self.name] = inverse.detach() ** -2 - self.eps
        if self.weight is None or self.bias is None:
            return y  # type: ignore[no-any-return]
        if self.steered is not None and self.name in self.steered:
            scale, shift = self.steered[self.name]
            rows = (self.weight + scale).to(y.dtype), (self.bias + shift).to(y.dtype)
            return torch.addcmul(rows[1][:, :, None, None], y, rows[0][:, :, None, None])
        return torch.addcmul(_per_channel(self.bias, y), y, _per_channel(self.weight, y))

    def normalise(self, x: Tensor, mean: Tensor, variance: Tensor) -> Tensor:
        """Normalise `x` by given statistics instead of its own.

        Args:
            x: (N, C, H, W).
            mean: (N, C), or (1, C) for all pictures.
            variance: as `mean`; biased.
        """
        mean, variance = (of.to(x.device).expand(len(x), -1) for of in (mean, variance))
        weight, bias = (None if of is None else of.float() for of in (self.weight, self.bias))
        rows = [
            # In evaluation this is one fused pass that computes in float32 and keeps channels-last.
            F.batch_norm(row, mean[i], variance[i], weight, bias, eps=self.eps)
            for i, row in enumerate(x.split(1))
        ]
        return rows[0] if len(rows) == 1 else torch.cat(rows)

    def extra_repr(self) -> str:
        """Show what distinguishes this norm."""
        return f"{self.channels}, affine={self.weight is not None}"


class PictureBatchNorm(InstanceNorm):
    """Batch norm without running averages: outside training each picture is a batch of its own.

    This is how pix2pix (https://arxiv.org/abs/1611.07004, section 3.4) was published: it tests one
    picture at a time with that picture's statistics.

    Args:
        channels: C of the input (N, C, H, W).
        eps: added to the variance.
    """

    def __init__(self, channels: int, eps: float = EPSILON) -> None:
        super().__init__(channels, affine=True, eps=eps)

    def forward(self, x: Tensor) -> Tensor:
        """Normalise `x` (N, C, H, W), in training by the statistics of all pictures together."""
        if not self.training:
            return super().forward(x)
        if world() == 1:
            return F.batch_norm(x, None, None, self.weight, self.bias, training=True, eps=self.eps)
        assert self.weight is not None
        assert self.bias is not None
        y, *_ = normalised_by_all(x, self.eps)
        return (y * self.weight[:, None, None] + self.bias[:, None, None]).to(x.dtype)


class _Normalise(torch.autograd.Function):
    """(x - mean) / deviation, one call of the native batch norm a picture.

    The batch norm of a single picture is its instance norm, and is the only fast kernel that
    keeps channels-last and float32 statistics (3 to 10 times `instance_norm` and `group_norm`
    forward and backward on a CPU). One call a picture keeps the gradient free of slices.
    """

    @staticmethod
    def forward(ctx: FunctionCtx, x: Tensor, eps: float) -> tuple[Tensor, Tensor, Tensor]:
        scale = _float_scale(x)
        rows = [
            torch.native_batch_norm(row, scale, None, None, None, True, 0.0, eps)
            for row in x.split(1)
        ]
        y = rows[0][0] if len(rows) == 1 else torch.cat([row[0] for row in rows])
        mean = torch.stack([row[1] for row in rows])
        inverse_deviation = torch.stack([row[2] for row in rows])
        ctx.save_for_backward(x, mean, inverse_deviation)
        ctx.eps = eps  # type: ignore[attr-defined]
        ctx.mark_non_differentiable(mean, inverse_deviation)
        return y, mean, inverse_deviation

    @staticmethod
    def backward(ctx: FunctionCtx, *gradients: Tensor) -> tuple[Tensor, None]:
        result = _NormaliseBackward.apply(gradients[0], *ctx.saved_tensors, ctx.eps)  # type: ignore[attr-defined, no-untyped-call]
        return result, None


class _NormaliseBackward(torch.autograd.Function):
    """Gradient of `_Normalise`; itself differentiable, which gradient penalties need."""

    @staticmethod
    def forward(
        ctx: FunctionCtx,
        gradient: Tensor,
        x: Tensor,
        mean: Tensor,
        inverse_deviation: Tensor,
        eps: float,
    ) -> Tensor:
        ctx.save_for_backward(gradient, x)
        ctx.eps = eps  # type: ignore[attr-defined]
        scale = _float_scale(x)
        rows = [
            torch.ops.aten.native_batch_norm_backward(
                gradient[i : i + 1], x[i : i + 1], scale, None, None,
                mean[i], inverse_deviation[i], True, eps, [True, False, False],
            )[0]
            for i in range(len(x))
        ]  # fmt: skip
        return rows[0] if len(rows) == 1 else torch.cat(rows)

    @staticmethod
    @once_differentiable
    def backward(ctx: FunctionCtx, *outer: Tensor) -> tuple[Tensor | None, ...]:
        gradient, x = (tensor.detach().requires_grad_() for tensor in ctx.saved_tensors)  # type: ignore[attr-defined]
        with torch.enable_grad():
            mean = x.mean((2, 3), keepdim=True)
            centred = x - mean
            inverse = torch.rsqrt((centred * centred).mean((2, 3), keepdim=True) + ctx.eps)  # type: ignore[attr-defined]
            normal = centred * inverse
            along = (gradient * normal).mean((2, 3), keepdim=True) * normal
            result = inverse * (gradient - gradient.mean((2, 3), keepdim=True) - along)
        by_gradient, by_x = torch.autograd.grad(result, (gradient, x), outer[0])
        return by_gradient, by_x, None, None, None


def _float_scale(x: Tensor) -> Tensor | None:
    # The CPU kernel keeps statistics in float32 only beside a float32 scale; bfloat16 means cost
    # five times the rounding of the result (measured). The scale itself costs no time.
    if x.is_cpu and x.dtype in (torch.bfloat16, torch.float16):
        return torch.ones(x.shape[1], dtype=torch.float32)
    return None


@contextmanager
def record(network: nn.Module) -> Iterator[Statistics]:
    """Within the block, let every instance norm of `network` note what it sees.

    Yields:
        Statistics that fill during the forward pass, float32 (N, C) per norm.
    """
    statistics = Statistics()
    norms = _name_norms(network)
    for norm in norms:
        norm.recorded = statistics
    try:
        yield statistics
    finally:
        for norm in norms:
            norm.recorded = None


@contextmanager
def replay(network: nn.Module, statistics: Statistics) -> Iterator[None]:
    """Within the block, let every instance norm of `network` use `statistics`, not its input's.

    Raises:
        ValueError: if a norm has no statistics under its name.
    """
    norms = _name_norms(network)
    missing = [norm.name for norm in norms if norm.name not in statistics.mean]
    if missing:
        raise ValueError(f"no statistics for the norm '{missing[0]}'; record the same network")
    for norm in norms:
        norm.replayed = statistics
    try:
        yield
    finally:
        for norm in norms:
            norm.replayed = None


@contextmanager
def carrying(network: nn.Module, carried: Carried | None) -> Iterator[None]:
    """Within the block, let every instance norm of `network` average over the pictures it sees.

    Args:
        network: any.
        carried: what is used and changed, or left as it was if the block fails; None for nothing.
    """
    norms = _name_norms(network)
    before = None if carried is None else (dict(carried.mean), dict(carried.variance))
    for norm in norms:
        norm.carried = carried
    try:
        yield
    except BaseException:
        if carried is not None and before is not None:
            carried.mean, carried.variance = before
        raise
    finally:
        for norm in norms:
            norm.carried = None


@contextmanager
def steering(network: nn.Module, deviations: Mapping[str, tuple[Tensor, Tensor]]) -> Iterator[None]:
    """Within the block, let some affine instance norms scale and shift each picture in its own way.

    Args:
        network: any.
        deviations: by the norms' names, what is added to scale and to shift, (N, C) each.
    """
    norms = _name_norms(network)
    for norm in norms:
        norm.steered = deviations
    try:
        yield
    finally:
        for norm in norms:
            norm.steered = None


def _name_norms(network: nn.Module) -> list[InstanceNorm]:
    norms = []
    for name, module in network.named_modules():
        if isinstance(module, InstanceNorm):
            module.name = name
            norms.append(module)
    return norms


def _per_channel(parameter: Tensor, y: Tensor) -> Tensor:
    return parameter.to(y.dtype)[None, :, None, None]
