"""Noise that a generator starts from, a function of the seed and the picture's number."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

LIMIT = 8.0
"""Largest value drawn; one in 10^15 would be beyond."""


def latents(
    numbers: Sequence[int], size: int, seed: int, truncation: float | None = None
) -> Tensor:
    """Draw z ~ N(0, I), or its part within `truncation` deviations of 0.

    BigGAN's truncation trick (https://arxiv.org/abs/1809.11096, section 3.1) draws values beyond
    the threshold anew; this draws from the same distribution by its quantiles, so that z moves
    smoothly with the threshold.

    Args:
        numbers: of the pictures; each has its own z, whatever others are drawn beside it.
        size: values of one z.
        seed: another seed, other pictures.
        truncation: largest value, in deviations, above 0; None for no limit.

    Returns:
        float32 (len(numbers), size), on the CPU.

    Raises:
        ValueError: if `truncation` is not above 0.
    """
    if truncation is not None and not truncation > 0:
        raise ValueError(f"truncation must be above 0, got {truncation}")
    rows = [np.random.default_rng([seed, number]).random(size) for number in numbers]
    quantiles = torch.from_numpy(np.stack(rows))
    limit = torch.tensor(LIMIT if truncation is None else min(truncation, LIMIT)).double()
    lowest = torch.special.ndtr(-limit)
    z = torch.special.ndtri(lowest + (1 - 2 * lowest) * quantiles)
    bounded: Tensor = z.clamp(-limit, limit).float()
    return bounded
