"""All scores of two sets of features at once."""

from __future__ import annotations

from torch import Tensor

from cyclekit.metrics.coverage import NEIGHBOURS, coverage
from cyclekit.metrics.diversity import diversity
from cyclekit.metrics.frechet import frechet_distance
from cyclekit.metrics.kernel import kernel_distance

THOUSANDTHS = 1000
"""The kernel distance is shown times this, as most papers do."""


def measure(real: Tensor, fake: Tensor) -> dict[str, float]:
    """Measure all scores of sets; those of neighbours only where there are enough pictures.

    Args:
        real: features of real pictures, (N, D).
        fake: features of fakes, (M, D).

    Raises:
        ValueError: if a set has fewer than two pictures.
    """
    found = {
        "frechet": frechet_distance(fake, real),
        "kernel": THOUSANDTHS * kernel_distance(fake, real).value,
    }
    if min(len(real), len(fake)) > NEIGHBOURS:
        cover = coverage(real, fake)
        found |= {
            "density": cover.density, "coverage": cover.coverage,
            "precision": cover.precision, "recall": cover.recall,
        }  # fmt: skip
    if bool((real != real[0]).any()):
        found["diversity"] = diversity(real, fake)
    return found
