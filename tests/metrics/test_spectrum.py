import math

import numpy as np
import pytest
import torch
from scipy import ndimage

from cyclekit.metrics.spectrum import radial_power


def noise(count=8, side=64):
    draws = np.random.default_rng(0)
    return torch.from_numpy(draws.normal(128, 20, (count, 1, side, side))).expand(-1, 3, -1, -1)


def test_white_noise_has_the_same_power_at_every_frequency():
    power = radial_power(noise(64)).mean(0)[1:]
    window = np.hanning(65)[:64]
    expected = 20**2 * float(np.mean(window**2)) ** 2
    assert power.shape == (32,)
    assert power.mean() == pytest.approx(expected, rel=0.05)
    assert power[2:].max() / power[2:].min() < 1.5


@pytest.mark.parametrize("periods", [5, 20])
def test_a_wave_is_a_peak_at_its_frequency(periods):
    phase = torch.arange(64) * (2 * math.pi * periods / 64)
    wave = (128 + 100 * torch.cos(phase)).expand(1, 3, 64, 64)
    power = radial_power(wave)[0]
    assert int(power.argmax()) == periods
    assert power[periods] > 100 * power[periods + 3]


def test_blur_takes_the_upper_frequencies():
    sharp = noise()
    blurred = torch.from_numpy(ndimage.gaussian_filter(sharp.numpy(), (0, 0, 2, 2), mode="wrap"))
    share = (radial_power(blurred) / radial_power(sharp)).mean(0)
    # The transfer function of a Gaussian, squared.
    for periods in (4, 8, 12):
        expected = math.exp(-((2 * 2 * math.pi * periods / 64) ** 2))
        assert share[periods] == pytest.approx(expected, rel=0.35)
    assert share[32] < 1e-3


def test_brightness_alone_is_no_detail():
    assert radial_power(torch.full((1, 3, 16, 16), 200.0)).max() < 1e-12


def test_only_squares_have_rings():
    with pytest.raises(ValueError, match="must be square, got 20x16"):
        radial_power(torch.zeros(1, 3, 16, 20))
