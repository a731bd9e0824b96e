import math

import pytest
import torch

from cyclekit.losses import ADVERSARIAL_LOSSES
from cyclekit.registry import Spec

HALF = torch.zeros(2, 1, 3, 3)  # logits of D = 1/2


def loss(name):
    return ADVERSARIAL_LOSSES.create(Spec(name))


@pytest.mark.parametrize(
    ("name", "discriminator", "generator"),
    [
        ("minimax", 2 * math.log(2), -math.log(2)),
        ("nonsaturating", 2 * math.log(2), math.log(2)),
        ("lsgan", 0.5, 1.0),
        ("hinge", 2.0, 0.0),
        ("wgan", 0.0, 0.0),
    ],
)
def test_an_undecided_discriminator_costs_what_the_formula_says(name, discriminator, generator):
    assert loss(name).discriminator(HALF, HALF).item() == pytest.approx(discriminator)
    assert loss(name).generator(HALF).item() == pytest.approx(generator)


def test_losses_of_one_hand_made_pair():
    real, fake = torch.tensor([2.0]), torch.tensor([-1.0])
    sigmoid = lambda z: 1 / (1 + math.exp(-z))  # noqa: E731
    expected = -math.log(sigmoid(2)) - math.log(1 - sigmoid(-1))
    assert loss("minimax").discriminator(real, fake).item() == pytest.approx(expected, rel=1e-6)
    assert loss("nonsaturating").generator(fake).item() == pytest.approx(-math.log(sigmoid(-1)))
    assert loss("lsgan").discriminator(real, fake).item() == pytest.approx((1 + 1) / 2)
    assert loss("lsgan").generator(fake).item() == pytest.approx(4)
    assert loss("hinge").discriminator(real, fake).item() == pytest.approx(0)
    assert loss("wgan").discriminator(real, fake).item() == pytest.approx(-3)


def test_minimax_is_zero_sum():
    fake = torch.tensor([0.3, -2.0], requires_grad=True)
    (by_generator,) = torch.autograd.grad(loss("minimax").generator(fake), fake)
    (by_critic,) = torch.autograd.grad(loss("minimax").discriminator(fake.detach(), fake), fake)
    torch.testing.assert_close(by_generator, -by_critic)


def test_minimax_saturates_and_nonsaturating_does_not():
    caught = torch.tensor([-12.0], requires_grad=True)
    (weak,) = torch.autograd.grad(loss("minimax").generator(caught), caught)
    (strong,) = torch.autograd.grad(loss("nonsaturating").generator(caught), caught)
    assert abs(weak.item()) < 1e-5
    assert abs(strong.item()) > 0.99


@pytest.mark.parametrize("name", ADVERSARIAL_LOSSES.names())
def test_losses_stay_finite_for_sure_discriminators(name):
    sure = torch.tensor([500.0, -500.0], requires_grad=True)
    total = loss(name).discriminator(sure, -sure) + loss(name).generator(sure)
    total.backward()
    assert torch.isfinite(total)
    assert torch.isfinite(sure.grad).all()


@pytest.mark.parametrize("name", ADVERSARIAL_LOSSES.names())
def test_each_player_pulls_its_own_way(name):
    real, fake = torch.tensor([0.1], requires_grad=True), torch.tensor([0.2], requires_grad=True)
    by_real, by_fake = torch.autograd.grad(loss(name).discriminator(real, fake), (real, fake))
    (by_generator,) = torch.autograd.grad(loss(name).generator(fake), fake)
    assert by_real.item() < 0 < by_fake.item()
    assert by_generator.item() < 0
