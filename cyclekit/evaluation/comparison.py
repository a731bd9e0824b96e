"""Models against each other on the same inputs, and runs of one recipe together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

import torch
from torch import Tensor

from cyclekit.evaluation.describe import Described
from cyclekit.evaluation.pile import common_keys
from cyclekit.evaluation.results import Difference, Repeated, Score
from cyclekit.evaluation.set_scores import THOUSANDTHS
from cyclekit.metrics.estimate import spread
from cyclekit.metrics.frechet import frechet_distance
from cyclekit.metrics.significance import (
    REPEATS,
    Comparison,
    compare_kernel_distances,
    compare_means,
    compare_sets,
)
from cyclekit.models.features.extractor import Extractor

FEWEST = 4
"""Inputs below which no test could find anything."""
FRECHET_LIMIT, KERNEL_LIMIT = 500, 2000
"""Inputs beyond which a test of sets would take minutes; the kernel distance lasts longer."""
FRECHET_WORK = 1.2e9
"""Cube of the inputs times permutations: about ten seconds."""


def compare_outputs(
    extractor: Extractor, real: Tensor, outputs: Mapping[str, Described]
) -> list[Difference]:
    """Test the Frechet and the kernel distance of every pair of models.

    Args:
        extractor: whose features these are.
        real: features of real pictures, (M, D).
        outputs: features of each model's pictures, by the model's name.
    """
    found = []
    for first, second in combinations(outputs, 2):
        keys = common_keys(outputs[first].keys, outputs[second].keys)
        x, y = outputs[first].of(keys), outputs[second].of(keys)
        tests = _tests_of_sets(real, x, y)
        names = {"frechet": extractor.frechet_name,
                 "kernel": f"{extractor.kernel_name} ×{THOUSANDTHS}"}  # fmt: skip
        found += [
            Difference(f"{key}:{extractor.name}", names[key], (first, second), len(keys), test)
            for key, test in tests.items()
        ]
    return found


def compare_values(
    key: str, name: str, values: Mapping[str, Mapping[str, float]]
) -> list[Difference]:
    """Test the mean of what was measured per picture, for every pair of models.

    Args:
        key: what is measured, for programs.
        name: the same, for people.
        values: model -> picture's key -> value.
    """
    found = []
    for first, second in combinations(values, 2):
        keys = common_keys(values[first], values[second])
        if len(keys) < FEWEST:
            continue
        x, y = (
            torch.tensor([values[model][key] for key in keys], dtype=torch.float64)
            for model in (first, second)
        )
        found.append(Difference(key, name, (first, second), len(keys), compare_means(x, y)))
    return found


def gather_seeds(scores: Sequence[Score], recipes: Mapping[str, str | None]) -> list[Repeated]:
    """Average the scores of models of one recipe.

    Args:
        scores: of all models.
        recipes: what was trained, by model; None for a model that stands alone.
    """
    groups: dict[str, list[str]] = {}
    for model, recipe in recipes.items():
        if recipe is not None:
            groups.setdefault(recipe, []).append(model)
    found = []
    for models in groups.values():
        keys = dict.fromkeys(score.key for score in scores if score.model in models)
        for key in keys:
            rows = [score for score in scores if score.key == key and score.model in models]
            if len(rows) > 1:
                names = tuple(row.model for row in rows)
                mean = spread([row.value for row in rows])
                found.append(Repeated(key, rows[0].name, names, mean))
    return found


def _tests_of_sets(real: Tensor, x: Tensor, y: Tensor) -> dict[str, Comparison]:
    count = len(x)
    tests: dict[str, Comparison] = {}
    if FEWEST <= count <= FRECHET_LIMIT:
        repeats = int(min(REPEATS, max(99, FRECHET_WORK / max(count, len(real)) ** 3)))
        tests["frechet"] = compare_sets(lambda fake: frechet_distance(fake, real), x, y, repeats)
    if FEWEST <= count <= KERNEL_LIMIT:
        test = compare_kernel_distances(real, x, y)
        tests["kernel"] = Comparison(THOUSANDTHS * test.difference, test.p_value, test.repeats)
    return tests
