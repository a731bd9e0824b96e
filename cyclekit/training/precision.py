"""In which type the forward pass runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import torch

from cyclekit.devices import has_native_bf16
from cyclekit.models.winograd import kernels_kept

Precision = Literal["auto", "fp32", "bf16"]


def choose_precision(precision: Precision, device: torch.device) -> torch.dtype:
    """Turn "auto" into what the device multiplies natively."""
    if precision == "auto":
        return torch.bfloat16 if has_native_bf16(device) else torch.float32
    return torch.bfloat16 if precision == "bf16" else torch.float32


@contextmanager
def forward_in(dtype: torch.dtype, device: torch.device) -> Iterator[None]:
    """Autocast to `dtype` within the block; weights, losses and statistics stay float32.

    What is made of weights for one pass serves all passes in the block: no weight may change.
    """
    if dtype == torch.float32:
        yield
        return
    with torch.autocast(device.type, dtype), kernels_kept():
        yield
