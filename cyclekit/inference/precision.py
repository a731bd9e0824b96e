"""Chooses the number format of a network: the fastest that does not change the picture."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn

from cyclekit.devices import has_native_bf16
from cyclekit.errors import UsageError, suggest
from cyclekit.inference.remembered import choice_key, recall, remember
from cyclekit.models.base import ImageGenerator
from cyclekit.models.exported import ExportedGenerator

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
"""Names of the number formats."""
TOLERANCE = 1.0
"""Mean difference from float32, in levels of 255, that a faster format may make."""
CLEAR = 1.2
"""Times as fast as the next best: what is less clear is timed anew on a quieter day."""
_ROUNDS = 3


@dataclass(frozen=True)
class Prepared:
    """A copy of a generator, ready to run."""

    network: nn.Module
    """On its device, in channels-last memory; takes `dtype`, gives [-1, 1] of any float type."""
    precision: str
    """"fp32", "bf16", "fp16"; of an exported file also "int8"."""
    reason: str
    """Why this one, for the user."""

    @property
    def dtype(self) -> torch.dtype:
        """Type of the network's input."""
        own = isinstance(self.network, ExportedGenerator)
        return torch.float32 if own else DTYPES[self.precision]


def prepare(generator: ImageGenerator, device: torch.device, precision: str = "auto") -> Prepared:
    """Copy a generator to a device in the number format asked for, or in the best.

    What "auto" found out clearly is remembered for the model and the machine.

    Args:
        generator: stays as it is.
        device: where to run.
        precision: "fp32", "bf16", "fp16" or "auto".

    Raises:
        UsageError: if the name is unknown.
    """
    names = ["fp32", *_native(device)]
    if isinstance(generator, ExportedGenerator):
        generator.require_format(precision)
        names = [name for name in names if name in generator.formats]
        if len(generator.formats) == 1:
            return Prepared(copy.deepcopy(generator), generator.formats[0], generator.engine)
    elif precision not in (*DTYPES, "auto"):
        raise UsageError(
            f"unknown precision '{precision}'; {suggest(precision, [*DTYPES, 'auto'])}"
        )
    if precision != "auto":
        return Prepared(_lowered(generator, device, precision), precision, "asked for")
    if len(names) == 1:
        reason = f"nothing else is native to {device}"
        return Prepared(_lowered(generator, device, "fp32"), "fp32", reason)
    key = choice_key(generator, device)
    known = recall(key)
    if known is not None and known[0] in names:
        return Prepared(_lowered(generator, device, known[0]), *known)
    tried = [Prepared(_lowered(generator, device, name), name, "") for name in names]
    best, is_clear = _fastest(tried, sample_picture(max(128, generator.stride)).to(device))
    if is_clear:
        remember(key, best.precision, best.reason)
    return best


def _fastest(tried: Sequence[Prepared], sample: Tensor) -> tuple[Prepared, bool]:
    """Return the fastest that stays near the first, which is the reference, and if it is clear."""
    outputs = [_timed(prepared, sample)[0] for prepared in tried]  # and warms up
    seconds = [math.inf] * len(tried)
    for _ in range(_ROUNDS):  # in turns, so that a busy moment slows all of them
        for i, prepared in enumerate(tried):
            seconds[i] = min(seconds[i], _timed(prepared, sample)[1])
    changes = [float((output - outputs[0]).abs().mean()) * 127.5 for output in outputs]
    near = [i for i in range(len(tried)) if changes[i] < TOLERANCE]  # not so if it overflowed
    best = min(near, key=seconds.__getitem__)
    others = [seconds[i] for i in near if i != best]
    is_clear = all(other > CLEAR * seconds[best] for other in others)
    if best == 0:
        reason = "the fastest here that does not change the picture"
        return replace(tried[0], reason=reason), is_clear
    gain, change = seconds[0] / seconds[best], changes[best]
    reason = f"{gain:.1f} times as fast as fp32, {change:.2f} of 255 levels from it"
    return replace(tried[best], reason=reason), is_clear


def sample_picture(side: int) -> Tensor:
    """Make a picture with the statistics of a photograph: a 1/f spectrum, an edge, colour.

    Returns:
        float32 (1, 3, side, side) in [-1, 1], always the same for a side.
    """
    noise = np.fft.rfft2(np.random.default_rng(0).standard_normal((3, side, side)))
    frequency = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side)[None])
    field = np.fft.irfft2(noise / np.maximum(frequency, 1 / side), s=(side, side))
    gray = field.mean(0, keepdims=True)
    field = 0.3 * field + gray
    field[:, side // 2 :, : side // 3] += field.std()
    field = field / (2 * field.std())
    return torch.from_numpy(field.clip(-1, 1).astype(np.float32))[None]


def _native(device: torch.device) -> list[str]:
    """Formats that the device computes in by itself; others are emulated, and slow."""
    bf16 = ["bf16"] if has_native_bf16(device) else []
    return [*bf16, "fp16"] if device.type == "cuda" else bf16


def _lowered(generator: ImageGenerator, device: torch.device, precision: str) -> nn.Module:
    network = copy.deepcopy(generator).eval().requires_grad_(requires_grad=False)
    if precision != "fp32":
        network.lower(DTYPES[precision])
    return network.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]


def _timed(prepared: Prepared, sample: Tensor) -> tuple[Tensor, float]:
    """Output in float32 and the seconds it took."""
    x = sample.to(prepared.dtype, memory_format=torch.channels_last)
    started = time.perf_counter()
    with torch.inference_mode():
        output = prepared.network(x).float()
        float(output[0, 0, 0, 0])  # waits for a GPU
    return output, time.perf_counter() - started
