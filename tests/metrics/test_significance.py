from itertools import product

import pytest
import torch

from cyclekit.metrics.frechet import distance_of_few
from cyclekit.metrics.kernel import kernel_distance
from cyclekit.metrics.significance import compare_kernel_distances, compare_means, compare_sets
from tests.metrics.clouds import cloud


def test_a_mean_difference_has_the_p_value_of_all_its_signs():
    first, second = torch.tensor([3.0, 1, 4, 1, 5, 9]), torch.tensor([2.0, 0, 2, 2, 3, 5])
    differences = (first - second).tolist()
    means = [sum(s * d for s, d in zip(signs, differences, strict=True)) / 6
             for signs in product((-1, 1), repeat=6)]  # fmt: skip
    exact = sum(abs(mean) >= abs(sum(differences) / 6) - 1e-9 for mean in means) / len(means)
    found = compare_means(first, second, repeats=20_000)
    assert found.difference == pytest.approx(sum(differences) / 6)
    assert found.p_value == pytest.approx(exact, abs=0.01)


def test_equal_models_differ_by_nothing():
    outputs = cloud(10, 4)
    assert compare_means(outputs[:, 0], outputs[:, 0]).p_value == 1
    found = compare_sets(lambda x: distance_of_few(x, outputs), outputs, outputs, repeats=9)
    assert (found.difference, found.p_value) == (pytest.approx(0, abs=1e-9), 1)


def test_a_clearly_better_model_has_the_smallest_p_value():
    real, near, far = cloud(30, 4), cloud(25, 4, seed=1), cloud(25, 4, seed=2, shift=3)
    found = compare_sets(lambda x: distance_of_few(x, real), near, far, repeats=99)
    assert found.difference < -10
    assert found.p_value == 0.01
    assert compare_kernel_distances(real, near, far, repeats=99).p_value == 0.01


def test_kernel_distances_compare_as_when_measured_anew():
    real, first, second = cloud(12, 4), cloud(9, 4, seed=1), cloud(9, 4, seed=2, shift=0.2)
    quick = compare_kernel_distances(real, first, second, repeats=200)
    slow = compare_sets(lambda x: kernel_distance(x, real).value, first, second, repeats=200)
    assert quick.difference == pytest.approx(slow.difference)
    assert quick.p_value == slow.p_value


def test_p_values_of_equally_good_models_are_spread_evenly():
    found = [
        compare_kernel_distances(cloud(15, 3, s), cloud(12, 3, s + 300), cloud(12, 3, s + 600), 49)
        for s in range(100)
    ]
    small = sum(comparison.p_value <= 0.2 for comparison in found) / len(found)
    assert 0.08 <= small <= 0.32  # 0.2 give or take three deviations
