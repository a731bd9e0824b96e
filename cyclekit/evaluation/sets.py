"""Scores of whole sets: each with its error, its floor, the do-nothing baseline and JPEG's share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from cyclekit.evaluation.results import Better, Score
from cyclekit.metrics.coverage import NEIGHBOURS, coverage
from cyclekit.metrics.diversity import diversity
from cyclekit.metrics.estimate import Estimate, jackknife_errors, spread
from cyclekit.metrics.frechet import frechet_distance
from cyclekit.metrics.kernel import kernel_distance
from cyclekit.metrics.neighbours import nearest
from cyclekit.models.features.extractor import Extractor

FLOOR_DRAWS = 10
"""Draws of real pictures that a floor is averaged over."""
MANY = 2000
"""Pictures of the larger set beyond which one draw makes the floor, and errors are left out: both
would take long, and both are small there."""
THOUSANDTHS = 1000
"""The kernel distance is shown times this, as most papers do."""


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
    count = 1 if max(len(real), len(fake)) > MANY else FLOOR_DRAWS
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


def score_copying(
    extractor: Extractor, model: str, split: str, real: Tensor, fake: Tensor, train: Tensor
) -> tuple[Score, Tensor, Tensor]:
    """Measure whether fakes are nearer to training pictures than unseen real pictures are.

    Args:
        extractor: whose features these are.
        model: the model's name.
        split: which real pictures these are, in words.
        real: features of real pictures that training did not see, (N, D).
        fake: features of the model's, (M, D).
        train: features of the training pictures of the same domain, (K, D).

    Returns:
        The median distance of fakes to their nearest training picture over that of real pictures;
        every fake's distance over that of real pictures (M,); the nearest one's row in train (M,).
    """
    usual = nearest(real, train)[0].median().clamp(min=1e-12)
    distance, index = nearest(fake, train)
    ratio = distance / usual
    name = (
        f"nearest training picture-{extractor.title}, fakes over reals "
        f"({extractor.network.resize}, {len(fake)} vs {len(real)}, {len(train)} training, {split})"
    )
    value = float(ratio.median())
    score = Score(f"copying:{extractor.name}", name, model, value, better="near 1")
    return score, ratio, index


def _spread(draws: list[dict[str, float]], key: str) -> Estimate:
    return spread([draw[key] for draw in draws if key in draw])


def _drawn(rows: Tensor, count: int, draws: torch.Generator) -> Tensor:
    """Draw rows without replacement: no picture twice."""
    return rows[torch.randperm(len(rows), generator=draws)[:count]]
