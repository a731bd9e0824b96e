"""What real pictures get: the floor under every score of sets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from cyclekit.evaluation.set_scores import measure
from cyclekit.metrics.estimate import Estimate, spread

DRAWS = 10
"""Draws of real pictures that a floor is averaged over."""
MANY = 2000
"""Pictures of the larger set beyond which one draw makes the floor: it hardly varies there."""


@dataclass(frozen=True)
class Floor:
    """Real pictures against real pictures."""

    scores: Mapping[str, Estimate]
    """Mean and deviation over draws, by key."""
    counts: tuple[int, int]
    """Pictures of the sets that were drawn and compared with."""
    at_counts: Mapping[str, float]
    """The fakes' own scores at these counts; empty where they are the counts of the score."""


def measure_floor(real: Tensor, fake: Tensor, others: Tensor | None, seed: int = 0) -> Floor | None:
    """Measure what real pictures get.

    With other real pictures (those for training), as many as there are fakes stand in for them;
    the counts are then those of the score. Without, the real pictures are halved, and the fakes
    are measured at the counts of halves too: few pictures are further apart.

    Args:
        real: features of real pictures, (N, D).
        fake: features of fakes, (M, D).
        others: features of other real pictures, (K, D); None if there are none.
        seed: decides the draws.

    Returns:
        None where halves would have fewer than two pictures.
    """
    enough = others is not None and len(others) >= len(fake)
    half = len(real) // 2
    if not enough and half < 2:
        return None
    draws = torch.Generator().manual_seed(seed)
    count = 1 if max(len(real), len(fake)) > MANY else DRAWS
    floor: list[dict[str, float]] = []
    own: list[dict[str, float]] = []
    for _ in range(count):
        if enough:
            assert others is not None
            floor.append(measure(real, _drawn(others, len(fake), draws)))
            continue
        shuffled = real[torch.randperm(len(real), generator=draws)]
        first, second = shuffled[:half], shuffled[half : 2 * half]
        floor.append(measure(first, second))
        if len(fake) >= half:
            own.append(measure(first, _drawn(fake, half, draws)))
    counts = (len(fake), len(real)) if enough else (half, half)
    at_counts = {} if not own else {key: _spread(own, key).value for key in own[0]}
    return Floor({key: _spread(floor, key) for key in floor[0]}, counts, at_counts)


def _spread(draws: list[dict[str, float]], key: str) -> Estimate:
    return spread([draw[key] for draw in draws if key in draw])


def _drawn(rows: Tensor, count: int, draws: torch.Generator) -> Tensor:
    """Draw rows without replacement: no picture twice."""
    return rows[torch.randperm(len(rows), generator=draws)[:count]]
