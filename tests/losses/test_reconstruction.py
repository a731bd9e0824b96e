import pytest
import torch

from cyclekit.losses.reconstruction import brightness, l1
from tests.tiny import batch


def test_l1_is_the_mean_difference_in_float32():
    loss = l1(torch.full((1, 3, 4, 4), 0.5, dtype=torch.bfloat16), torch.zeros(1, 3, 4, 4))
    assert loss.dtype == torch.float32
    assert loss.item() == pytest.approx(0.5)


def test_brightness_ignores_texture_within_its_window():
    checkers = torch.ones(1, 3, 16, 16)
    checkers[..., ::2] = -1
    assert brightness(checkers, torch.zeros(1, 3, 16, 16)).item() == pytest.approx(0, abs=1e-6)


def test_brightness_sees_swapped_light_and_dark():
    picture = torch.cat([torch.ones(1, 3, 8, 8), -torch.ones(1, 3, 8, 8)], dim=3)
    assert brightness(-picture, picture).item() == pytest.approx(2, rel=1e-5)


def test_brightness_ignores_hue_of_equal_luma():
    red = torch.zeros(1, 3, 8, 8)
    red[:, 0] = 0.587
    green = torch.zeros(1, 3, 8, 8)
    green[:, 1] = 0.299
    assert brightness(red, green).item() == pytest.approx(0, abs=1e-6)


def test_brightness_takes_pictures_smaller_than_its_window():
    assert torch.isfinite(brightness(batch(1, 4, 4), batch(1, 4, 4, seed=1)))
