import math

import pytest
import torch

from cyclekit.losses import ADVERSARIAL_LOSSES
from cyclekit.registry import Spec
from cyclekit.training import signs
from tests.tiny import batch


def test_difference_is_in_levels():
    x = batch(2)
    assert signs.difference(x + 2 / 127.5, x) == pytest.approx(2, rel=1e-4)


def test_variety_is_one_for_pictures_as_varied_as_the_real_ones():
    real = batch(6)
    assert signs.variety(batch(6, seed=1), real) == pytest.approx(1, abs=0.05)
    assert signs.variety(batch(6, seed=1) / 10, real) == pytest.approx(0.1, abs=0.01)
    alike = batch(1).expand(6, -1, -1, -1)
    assert signs.variety(alike, real, batch(6, seed=2)) == 0
    assert signs.variety(real, alike) is None  # there is nothing to compare with


def test_tone_is_the_correlation_of_brightness():
    x = batch(4)
    assert signs.tone(0.5 * x + 0.1, x) == pytest.approx(1, abs=1e-4)
    assert signs.tone(-x, x) == pytest.approx(-1, abs=1e-4)
    assert abs(signs.tone(batch(4, seed=1), x)) < 0.1
    assert signs.tone(torch.zeros_like(x), x) == 0


@pytest.mark.parametrize("period", [2, 4])
@pytest.mark.parametrize("levels", [3.0, 20.0])
def test_grid_measures_a_pattern_from_dip_to_peak(period, levels):
    places = torch.arange(64)
    wave = torch.cos(2 * math.pi * places / period) * levels / 2 / 127.5
    smooth = torch.cos(places / 20)[:, None] * 0.5
    pictures = (smooth + wave).expand(4, 3, 64, 64)
    found = signs.grid(pictures)
    # A cosine of the highest frequency counts double: both of its peaks are one.
    assert found == pytest.approx(levels * (2 if period == 2 else 1), rel=0.02)


def test_grid_finds_nothing_in_noise_and_slopes():
    assert signs.grid(batch(8, 32, 32)) == 0
    slope = torch.linspace(-1, 1, 64)[:, None].expand(4, 3, 64, 64)
    assert signs.grid(slope) < 0.1
    assert signs.grid(batch(2, 8, 8)) == 0  # too small to tell


def test_flat_crops_show_nothing():
    bare = torch.full((2, 3, 16, 16), 200, dtype=torch.uint8)
    bare[:, :, 0, 0] = 205  # a speck
    full = (batch(3) * 127 + 128).to(torch.uint8)
    assert signs.flat(torch.cat([bare, full])).tolist() == [True, True, False, False, False]
    red = torch.zeros(1, 3, 16, 16, dtype=torch.uint8)
    red[:, 0] = 255
    assert signs.flat(red).tolist() == [True]


@pytest.mark.parametrize("name", ["lsgan", "minimax", "nonsaturating", "hinge"])
def test_sureness_lies_between_undecided_and_sure(name):
    loss = ADVERSARIAL_LOSSES.create(Spec(name))
    sureness = signs.Sureness(loss)
    middle = torch.tensor([0.5 if name == "lsgan" else 0.0])
    right = {"lsgan": (1.0, 0.0), "hinge": (1.0, -1.0)}.get(name, (30.0, -30.0))
    sure = loss.discriminator(*(torch.tensor([x]) for x in right))
    assert sureness(float(loss.discriminator(middle, middle))) == pytest.approx(0, abs=1e-3)
    assert sureness(float(sure)) == pytest.approx(1, abs=1e-2)


def test_smoothed_labels_leave_room_for_sureness():
    loss = ADVERSARIAL_LOSSES.create(Spec("minimax", {"real_label": 0.9}))
    best = torch.tensor([math.log(9.0)])  # D(real) = 0.9
    sureness = signs.Sureness(loss)
    assert sureness(float(loss.discriminator(best, torch.tensor([-30.0])))) == pytest.approx(
        1, abs=1e-2
    )


def test_of_a_game_that_only_compares_nothing_is_said():
    assert signs.Sureness(ADVERSARIAL_LOSSES.create(Spec("wgan")))(-100.0) is None
