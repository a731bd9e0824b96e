"""Made-up features whose distances are known or can be counted by hand."""

import torch
from torch import Tensor


def cloud(count: int, width: int, seed: int = 0, shift: float = 0.0) -> Tensor:
    """Draw correlated features, float32 (count, width): neighbours in width are alike."""
    draws = torch.Generator().manual_seed(seed)
    white = torch.randn(count, width, generator=draws)
    return white + 0.7 * white.roll(1, dims=1) + shift
