import pytest

from cyclekit.evaluation.comparison import compare_outputs, compare_values, gather_seeds
from cyclekit.evaluation.describe import Described
from cyclekit.evaluation.results import Score
from tests.evaluation.worlds import averages, cloud

KEYS = [str(n) for n in range(20)]


def test_models_are_compared_on_the_inputs_that_both_have():
    outputs = {
        "good": Described(KEYS, cloud(20, seed=1)),
        "bad": Described([*KEYS[5:], "alone"], cloud(16, seed=2, shift=3)),
    }
    found = compare_outputs(averages(), cloud(30), outputs)
    assert [row.key for row in found] == ["frechet:averages", "kernel:averages"]
    for row in found:
        assert (row.models, row.inputs) == (("good", "bad"), 15)
        assert row.test.difference < 0
        assert row.test.p_value < 0.01


def test_every_pair_of_models_is_compared_and_a_lone_input_is_no_test():
    values = {"a": dict.fromkeys(KEYS, 1.0), "b": dict.fromkeys(KEYS, 2.0), "c": {"0": 1.0}}
    found = compare_values("edges", "edge SSIM", values)
    assert [row.models for row in found] == [("a", "b")]
    assert (found[0].test.difference, found[0].test.p_value) == (-1, pytest.approx(0.001))


def test_seeds_of_one_recipe_get_a_mean_and_a_deviation():
    scores = [
        Score("k", "KD", model, value) for model, value in zip("abcd", (1, 2, 3, 9), strict=True)
    ]
    found = gather_seeds(scores, {"a": "x", "b": "x", "c": "x", "d": None})
    assert [(row.models, row.spread.value, row.spread.error) for row in found] == [
        (("a", "b", "c"), 2, 1)
    ]
    assert gather_seeds(scores, {"a": "x", "b": "y", "c": None, "d": None}) == []
