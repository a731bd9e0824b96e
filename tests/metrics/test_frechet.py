import numpy as np
import pytest
import scipy.linalg
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cyclekit.metrics.frechet import (
    distance_of_few,
    distance_of_moments,
    frechet_distance,
    stream_moments,
)
from tests.metrics.clouds import cloud


def published(x, y):
    """Compute the formula as it is written, with scipy's root of a matrix."""
    x, y = x.double().numpy(), y.double().numpy()
    apart = x.mean(0) - y.mean(0)
    cov_x, cov_y = np.cov(x, rowvar=False), np.cov(y, rowvar=False)
    root = scipy.linalg.sqrtm(cov_x @ cov_y)
    return float(apart @ apart + np.trace(cov_x + cov_y - 2 * np.real(root)))


def of_moments(x, y, rows=7):
    return distance_of_moments(stream_moments(x.split(rows)), stream_moments(y.split(rows)))


@pytest.mark.parametrize(("n", "m", "width"), [(200, 150, 24), (40, 60, 24), (12, 9, 24)])
def test_both_ways_agree_with_the_published_formula(n, m, width):
    x, y = cloud(n, width), cloud(m, width, seed=1, shift=0.3) * 1.2
    # Covariances of few pictures are singular, where scipy's root loses half of its digits.
    tolerance = 1e-4 if min(n, m) > width else 1e-3
    assert distance_of_few(x, y) == pytest.approx(of_moments(x, y), abs=1e-4)
    assert distance_of_few(x, y) == pytest.approx(published(x, y), abs=tolerance)


def test_both_ways_agree_on_the_width_of_real_features():
    scale = torch.arange(1, 1281) ** -0.65  # a spectrum that falls as that of real features does
    x, y = cloud(100, 1280) * scale, cloud(90, 1280, seed=1) * scale
    assert distance_of_few(x, y) == pytest.approx(of_moments(x, y, 64), abs=1e-4)


def test_gaussians_of_one_dimension_have_a_distance_by_hand():
    x = torch.tensor([[1.0], [3.0]])  # mean 2, deviation sqrt 2
    y = torch.tensor([[0.0], [4.0], [8.0]])  # mean 4, deviation 4
    by_hand = (2 - 4) ** 2 + (2**0.5 - 4) ** 2
    assert distance_of_few(x, y) == pytest.approx(by_hand)
    assert of_moments(x, y, rows=1) == pytest.approx(by_hand)


def test_a_shift_of_the_mean_adds_its_square():
    x = cloud(50, 8)
    assert frechet_distance(x, x + 2) == pytest.approx(8 * 4, abs=1e-4)
    assert frechet_distance(x, x) == pytest.approx(0, abs=1e-6)


@settings(max_examples=25, deadline=None)
@given(st.integers(2, 30), st.integers(2, 30), st.integers(1, 12), st.integers(1, 9))
def test_any_shapes_and_batches_agree(n, m, width, rows):
    x, y = cloud(n, width, seed=n), cloud(m, width, seed=m + 100)
    assert of_moments(x, y, rows) == pytest.approx(distance_of_few(x, y), abs=1e-4)
    assert frechet_distance(x, y) == pytest.approx(distance_of_few(x, y), abs=1e-4)


def test_many_pictures_go_through_moments(monkeypatch):
    monkeypatch.setattr("cyclekit.metrics.frechet.distance_of_few", None)
    assert frechet_distance(cloud(60, 8), cloud(60, 8, seed=1)) > 0


def test_sets_that_cannot_be_compared_are_refused():
    with pytest.raises(ValueError, match="at least 2 pictures a set, got 1 and 5"):
        frechet_distance(cloud(1, 4), cloud(5, 4))
    with pytest.raises(ValueError, match=r"expected features \(N, D\) and \(M, D\)"):
        frechet_distance(cloud(5, 4), cloud(5, 3))
    with pytest.raises(ValueError, match="at least one batch"):
        stream_moments([])
