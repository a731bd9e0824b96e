"""Scores of whole sets: each with its error, its floor, the do-nothing baseline and JPEG's share."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from cyclekit.evaluation.floor import Floor
from cyclekit.evaluation.results import Better, Score
from cyclekit.evaluation.set_scores import THOUSANDTHS, measure
from cyclekit.metrics.coverage import NEIGHBOURS
from cyclekit.metrics.estimate import jackknife_errors
from cyclekit.metrics.kernel import kernel_distance
from cyclekit.models.features.extractor import Extractor

MANY = 2000
"""Pictures of the larger set beyond which errors are left out: they would take long, and are small
there."""


@dataclass(frozen=True)
class _Kind:
    name: str
    better: Better


def kinds(extractor: Extractor) -> dict[str, _Kind]:
    """Return the names of all scores of sets by key, for a network."""
    of = extractor.title
    neighbours = f", k={NEIGHBOURS}"
    return {
        "frechet": _Kind(extractor.frechet_name, "lower"),
        "kernel": _Kind(f"{extractor.kernel_name} ×{THOUSANDTHS}", "lower"),
        "density": _Kind(f"density-{of}{neighbours}", "higher"),
        "coverage": _Kind(f"coverage-{of}{neighbours}", "higher"),
        "precision": _Kind(f"precision-{of}{neighbours}", "higher"),
        "recall": _Kind(f"recall-{of}{neighbours}", "higher"),
        "diversity": _Kind(f"diversity-{of}", "near 1"),
    }


def errors(real: Tensor, fake: Tensor, keys: tuple[str, ...]) -> dict[str, float]:
    """Estimate the standard errors of what `measure` found, as far as the counts allow."""
    found: dict[str, float] = {}
    if max(len(real), len(fake)) <= MANY:

        def statistic(x: Tensor, y: Tensor) -> Tensor:
            values = measure(x, y)
            return torch.tensor([values.get(key, torch.nan) for key in keys], dtype=torch.float64)

        left_out = jackknife_errors(statistic, real, fake)
        if left_out is not None:
            found = dict(zip(keys, left_out.tolist(), strict=True))
    kernel = kernel_distance(fake, real).error
    if kernel is not None:
        found["kernel"] = THOUSANDTHS * kernel
    return {key: error for key, error in found.items() if error == error}  # not a number


def score_sets(
    extractor: Extractor, model: str, split: str, real: Tensor, fake: Tensor,
    *, floor: Floor | None, nothing: Tensor | None, jpeg: Tensor | None,
) -> list[Score]:  # fmt: skip
    """Measure a model's pictures, and put beside each score what it has to be seen with.

    Args:
        extractor: whose features these are.
        model: the model's name.
        split: which real pictures these are, in words.
        real: features of real pictures, (N, D).
        fake: features of the model's, (M, D).
        floor: from `measure_floor`.
        nothing: features of the inputs as they are; None if there are none.
        jpeg: features of the model's pictures after JPEG.
    """
    found = measure(real, fake)
    missing = errors(real, fake, tuple(found))
    idle = {} if nothing is None or len(nothing) < 2 else measure(real, nothing)
    packed = {} if jpeg is None or len(jpeg) != len(fake) else measure(real, jpeg)
    counts = f"({extractor.network.resize}, {len(fake)} vs {len(real)}, {split})"
    scores = []
    for key, kind in kinds(extractor).items():
        if key not in found:
            continue
        score = Score(
            key=f"{key}:{extractor.name}", name=f"{kind.name} {counts}", model=model,
            value=found[key], error=missing.get(key), better=kind.better,
            nothing=idle.get(key), jpeg=packed[key] - found[key] if key in packed else None,
        )  # fmt: skip
        if floor is not None and key in floor.scores:
            at = floor.at_counts.get(key)
            score = replace(
                score, floor=floor.scores[key], floor_counts=floor.counts, at_floor_counts=at
            )
        scores.append(score)
    return scores
