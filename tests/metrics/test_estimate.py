import pytest
import torch

from cyclekit.metrics.estimate import jackknife_errors, mean_estimate, spread
from tests.metrics.clouds import cloud


def difference_of_means(x, y):
    return torch.stack([x.mean() - y.mean(), y.mean() - x.mean()]).double()


def test_the_jackknife_finds_the_error_of_a_difference_of_means():
    x, y = cloud(60, 1), cloud(60, 1, seed=1)
    expected = float((x.var() / 60 + y.var() / 60).sqrt())
    found = jackknife_errors(difference_of_means, x, y, groups=30)
    assert found.tolist() == pytest.approx([expected, expected], rel=0.3)


def test_too_few_pictures_have_no_error():
    assert jackknife_errors(difference_of_means, cloud(3, 1), cloud(9, 1)) is None
    assert mean_estimate(torch.tensor([2.0])).error is None
    assert spread([1.0]).error is None


def test_a_mean_has_the_usual_error():
    found = mean_estimate(torch.tensor([1.0, 2, 3, 6]))
    assert found.value == 3
    assert found.error == pytest.approx((14 / 3) ** 0.5 / 2)
    assert spread([1.0, 3.0]).error == pytest.approx(2**0.5)
