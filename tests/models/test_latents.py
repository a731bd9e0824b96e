import pytest
import torch

from cyclekit.models.latents import latents


def test_a_picture_keeps_its_noise_whatever_is_drawn_beside_it():
    many = latents(range(100), 7, seed=1)
    assert torch.equal(latents([42], 7, seed=1)[0], many[42])
    assert torch.equal(latents(range(40, 50), 7, seed=1), many[40:50])
    assert not torch.equal(many[0], latents([0], 7, seed=2)[0])


def test_noise_is_standard_normal():
    z = latents(range(2000), 10, seed=0)
    assert z.dtype == torch.float32
    assert z.mean().item() == pytest.approx(0, abs=0.02)
    assert z.std().item() == pytest.approx(1, abs=0.02)
    assert (z.abs() > 1.96).float().mean().item() == pytest.approx(0.05, abs=0.005)


def test_truncated_noise_is_the_middle_of_it():
    z = latents(range(2000), 10, seed=0, truncation=0.5)
    assert z.abs().max() <= 0.5
    assert z.abs().max() > 0.49
    # deviation of a normal cut at t: 1 - 2 t φ(t) / (Φ(t) - Φ(-t)), square root
    assert z.std().item() == pytest.approx(0.2840, abs=0.003)


def test_a_wide_truncation_changes_nothing():
    assert torch.equal(latents([1], 5, 0, truncation=50), latents([1], 5, 0))


@pytest.mark.parametrize("truncation", [0, -1])
def test_no_noise_at_all_is_refused(truncation):
    with pytest.raises(ValueError, match="truncation must be above 0"):
        latents([0], 1, 0, truncation)
