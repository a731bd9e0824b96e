import math

import pytest
import torch

from cyclekit.metrics.paired import accuracy, psnr, rmse, ssim


def one(*values):
    """Make a picture of one row, all channels alike: (1, 3, 1, W)."""
    return torch.tensor(values, dtype=torch.float32).expand(1, 3, 1, -1)


def test_rmse_and_psnr_by_hand():
    target, output = one(0, 100), one(30, 140)
    assert float(rmse(target, output)) == pytest.approx(math.sqrt((900 + 1600) / 2))
    assert float(psnr(target, output)) == pytest.approx(10 * math.log10(255**2 / 1250))
    assert float(psnr(target, target)) == 100


def test_accuracy_wants_every_channel_nearer_than_the_bound():
    target = torch.zeros(1, 3, 1, 4)
    output = torch.tensor([[4.0, 5, 0, 9], [0, 0, 0, 9], [0, 0, 10, 0]])[None, :, None]
    assert float(accuracy(target, output, 5)) == 0.25
    assert float(accuracy(target, output, 10)) == 0.75


def test_ssim_equals_the_formula_in_the_one_window_that_fits():
    draws = torch.Generator().manual_seed(0)
    x, y = (torch.rand(2, 11, 11, generator=draws, dtype=torch.float64) * 255).unbind()
    offsets = torch.arange(11, dtype=torch.float64) - 5
    weights = torch.exp(-(offsets**2) / (2 * 1.5**2))
    weights = torch.outer(weights, weights) / weights.sum() ** 2
    mean_x, mean_y = (weights * x).sum(), (weights * y).sum()
    var_x = (weights * (x - mean_x) ** 2).sum()
    var_y = (weights * (y - mean_y) ** 2).sum()
    covariance = (weights * (x - mean_x) * (y - mean_y)).sum()
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    expected = (2 * mean_x * mean_y + c1) * (2 * covariance + c2)
    expected /= (mean_x**2 + mean_y**2 + c1) * (var_x + var_y + c2)
    assert float(ssim(x[None, None], y[None, None])) == pytest.approx(float(expected), abs=1e-9)


@pytest.mark.parametrize("side", [1, 4, 11, 16])
def test_ssim_of_equal_pictures_of_any_size_is_1(side):
    picture = torch.rand(2, 3, side, side) * 255
    assert ssim(picture, picture).tolist() == pytest.approx([1, 1])
