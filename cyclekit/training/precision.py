"""In which type the forward pass runs."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Literal

import torch

from cyclekit.devices import has_native_bf16

Precision = Literal["auto", "fp32", "bf16"]


def choose_precision(precision: Precision, device: torch.device) -> torch.dtype:
    """Turn "auto" into what the device multiplies natively."""
    if precision == "auto":
        return torch.bfloat16 if has_native_bf16(device) else torch.float32
    return torch.bfloat16 if precision == "bf16" else torch.float32


def forward_in(dtype: torch.dtype, device: torch.device) -> AbstractContextManager[object]:
    """Autocast to `dtype` within the block; weights, losses and statistics stay float32."""
    if dtype == torch.float32:
        return nullcontext()
    return torch.autocast(device.type, dtype)
