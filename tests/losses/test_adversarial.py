import math

import pytest
import torch

from cyclekit.errors import ConfigError
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


def test_each_generators_gradient_is_its_formula():
    logits = torch.tensor([-3.0, 0.0, 2.0], requires_grad=True)
    d = torch.sigmoid(logits.detach())
    expected = {
        "minimax": -d,  # of log(1 - D)
        "nonsaturating": d - 1,  # of -log D
        "lsgan": 2 * (logits.detach() - 1),
        "hinge": -torch.ones(3),
        "wgan": -torch.ones(3),
    }
    assert set(expected) == set(ADVERSARIAL_LOSSES.names())
    for name, formula in expected.items():
        (slope,) = torch.autograd.grad(loss(name).generator(logits), logits)
        torch.testing.assert_close(slope, formula / 3, msg=name)


def test_the_discriminators_gradient_is_its_formula():
    real = torch.tensor([-0.5, 2.0], requires_grad=True)
    fake = torch.tensor([-2.0, 0.5], requires_grad=True)
    on_real, on_fake = real.detach(), fake.detach()
    log_loss = torch.sigmoid(on_real) - 1, torch.sigmoid(on_fake)
    expected = {
        "minimax": log_loss,
        "nonsaturating": log_loss,
        "lsgan": (on_real - 1, on_fake),
        "hinge": (torch.tensor([-1.0, 0.0]), torch.tensor([0.0, 1.0])),
        "wgan": (-torch.ones(2), torch.ones(2)),
    }
    assert set(expected) == set(ADVERSARIAL_LOSSES.names())
    for name, (by_real, by_fake) in expected.items():
        slopes = torch.autograd.grad(loss(name).discriminator(real, fake), (real, fake))
        torch.testing.assert_close(slopes, (by_real / 2, by_fake / 2), msg=name)


@pytest.mark.parametrize("name", ["minimax", "nonsaturating"])
def test_a_smoothed_discriminator_is_content_at_the_label(name):
    smooth = ADVERSARIAL_LOSSES.create(Spec(name, {"real_label": 0.9}))
    at_label = torch.tensor([math.log(0.9 / 0.1)], requires_grad=True)
    fake = torch.tensor([-1.0])
    value = smooth.discriminator(at_label, fake)
    (slope,) = torch.autograd.grad(value, at_label)
    assert slope.item() == pytest.approx(0, abs=1e-6)
    entropy = -0.9 * math.log(0.9) - 0.1 * math.log(0.1)
    assert value.item() == pytest.approx(entropy + math.log(1 + math.exp(-1)), rel=1e-6)


def test_smoothing_leaves_fakes_and_the_generator_alone():
    smooth = ADVERSARIAL_LOSSES.create(Spec("nonsaturating", {"real_label": 0.9}))
    fake = torch.tensor([-2.0, 0.3], requires_grad=True)
    real = torch.zeros(2)
    slopes = [
        torch.autograd.grad(one.discriminator(real, fake), fake)[0]
        for one in (smooth, loss("nonsaturating"))
    ]
    torch.testing.assert_close(*slopes)
    assert smooth.generator(fake) == loss("nonsaturating").generator(fake)


def test_least_squares_aims_at_the_label():
    smooth = ADVERSARIAL_LOSSES.create(Spec("lsgan", {"real_label": 0.9}))
    assert smooth.discriminator(torch.tensor([0.9]), torch.tensor([0.0])) == 0
    assert smooth.generator(torch.tensor([0.9])) == 0


@pytest.mark.parametrize("name", ["hinge", "wgan"])
def test_what_has_no_label_cannot_be_smoothed(name):
    with pytest.raises(ConfigError, match=f"'{name}' has no option 'real_label'; it has none"):
        ADVERSARIAL_LOSSES.create(Spec(name, {"real_label": 0.9}))


@pytest.mark.parametrize("label", [0.5, 1.1])
def test_a_label_out_of_range_is_refused(label):
    with pytest.raises(ConfigError, match=r"real_label must be above 0\.5 and at most 1"):
        ADVERSARIAL_LOSSES.create(Spec("minimax", {"real_label": label}))
