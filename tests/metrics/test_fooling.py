import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from cyclekit.metrics.fooling import (
    bootstrap_rates,
    percentile_interval,
    permutation_p_value,
    share_above,
    sign_flip_p_value,
    wilson_interval,
)


@given(st.integers(1, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_is_scipys(counts):
    ours, theirs = wilson_interval(*counts), stats.binomtest(*counts).proportion_ci(method="wilson")
    assert ours == pytest.approx((theirs.low, theirs.high), abs=1e-12)
    assert 0 <= ours[0] <= counts[0] / counts[1] <= ours[1] <= 1


def test_wilson_refuses_nothing():
    with pytest.raises(ValueError, match="0 of 0"):
        wilson_interval(0, 0)


def test_the_bootstrap_draws_participants_and_then_their_trials():
    # Var = var(p_i) / P + mean(p_i (1 - p_i)) / (P T), by the law of total variance.
    rates = np.array([0.1, 0.2, 0.3, 0.8])
    draws = bootstrap_rates((rates * 20).round().astype(int), np.full(4, 20), 40_000)
    expected = rates.var() / 4 + (rates * (1 - rates)).mean() / 80
    assert draws.mean() == pytest.approx(rates.mean(), abs=0.003)
    assert draws.var() == pytest.approx(expected, rel=0.05)


def test_one_participant_leaves_the_trials():
    draws = bootstrap_rates(np.array([10]), np.array([40]), 40_000)
    assert draws.var() == pytest.approx(0.25 * 0.75 / 40, rel=0.05)


def test_the_same_seed_draws_the_same():
    counts = np.array([3, 4]), np.array([10, 10])
    assert np.array_equal(
        bootstrap_rates(*counts, 50, seed=1), bootstrap_rates(*counts, 50, seed=1)
    )


def test_intervals_leave_out_as_much_below_as_above():
    assert percentile_interval(np.arange(1001.0)) == pytest.approx((25, 975))


def test_ties_count_half():
    assert share_above(np.array([1.0, 2, 3, 4]), np.array([0.0, 2, 4, 5])) == (1 + 0.5) / 4


@pytest.mark.parametrize(
    ("rates", "p_value"),
    [
        # Every sign: 2 of 2^P are as extreme as all on one side.
        ([0.3, 0.4], 0.5),
        ([0.1, 0.2, 0.3, 0.4, 0.45], 2 / 32),
        ([0.4, 0.6], 1.0),
        ([0.5, 0.5, 0.5], 1.0),
    ],
)
def test_few_participants_are_tested_exactly(rates, p_value):
    assert sign_flip_p_value(np.array(rates)) == p_value


def test_many_participants_are_tested_as_by_students_t():
    rates = np.random.default_rng(0).normal(0.46, 0.1, 40)
    assert sign_flip_p_value(rates) == pytest.approx(stats.ttest_1samp(rates, 0.5).pvalue, abs=0.01)


def test_two_methods_are_tested_as_by_scipy():
    draws = np.random.default_rng(1)
    first, second = draws.normal(0.3, 0.1, 12), draws.normal(0.38, 0.1, 9)
    exact = stats.permutation_test(
        (first, second), lambda x, y, axis: x.mean(axis) - y.mean(axis), vectorized=True,
        n_resamples=20_000, rng=draws,
    )  # fmt: skip
    assert permutation_p_value(first, second) == pytest.approx(exact.pvalue, abs=0.015)
    assert permutation_p_value(first, first) == 1


@pytest.mark.parametrize(("mean", "strength"), [(0.27, 20.0), (0.5, 1e6), (0.08, 60.0)])
def test_the_interval_holds_the_truth_as_often_as_it_says(mean, strength):
    """Of 200 studies of 25 people and 40 trials, at least 93 % hold the rate of all people."""
    draws, held, wide = np.random.default_rng(0), 0, []
    for seed in range(200):
        skill = draws.beta(mean * strength, (1 - mean) * strength, 25)
        samples = bootstrap_rates(draws.binomial(40, skill), np.full(25, 40), 1000, seed)
        low, high = percentile_interval(samples)
        held += low <= mean <= high
        wide.append(high - low)
    assert held >= 186
    assert np.mean(wide) < 0.14
