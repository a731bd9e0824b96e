import pytest
import torch

from cyclekit.methods.cyclegan import CycleGAN
from cyclekit.models import DISCRIMINATORS, GENERATORS
from cyclekit.registry import Spec
from tests.tiny import batch, names_of, tiny_spec

DISCRIMINATOR = Spec("patch", {"layers": 1, "width": 8})


def tiny_cyclegan(**options):
    torch.manual_seed(0)
    return CycleGAN(tiny_spec(GENERATORS, "mobile"), DISCRIMINATOR, **options)


def data():
    return {"a": batch(2, seed=1), "b": batch(2, seed=2)}


def test_losses_are_the_papers():
    method = tiny_cyclegan(cycle=10, identity=0.5)
    inputs = data()
    images = method(inputs)
    losses = method.losses("generators", inputs, images, seed=0)
    a, b = inputs["a"], inputs["b"]
    expected = {
        "gan_ab": (method.d_b(method.g_ab(a)) - 1).square().mean(),
        "gan_ba": (method.d_a(method.g_ba(b)) - 1).square().mean(),
        "cycle_a": 10 * (method.g_ba(method.g_ab(a)) - a).abs().mean(),
        "cycle_b": 10 * (method.g_ab(method.g_ba(b)) - b).abs().mean(),
        "identity_a": 5 * (method.g_ba(a) - a).abs().mean(),
        "identity_b": 5 * (method.g_ab(b) - b).abs().mean(),
    }
    assert losses.keys() == expected.keys()
    for name, value in expected.items():
        torch.testing.assert_close(losses[name], value, msg=name)


def test_the_critics_judge_their_own_domain():
    method = tiny_cyclegan(pool=0)
    inputs = data()
    images = method(inputs)
    losses = method.losses("discriminators", inputs, images, seed=0)
    fake_a = method.g_ba(inputs["b"])
    judged = (method.d_a(inputs["a"]) - 1).square().mean() + method.d_a(fake_a).square().mean()
    torch.testing.assert_close(losses["d_a"], judged / 2)


def test_no_identity_pass_without_identity_weight():
    method = tiny_cyclegan(identity=0)
    inputs = data()
    images = method(inputs)
    assert images.keys() == {"fake_a", "fake_b", "cycle_a", "cycle_b"}
    assert "identity_a" not in method.losses("generators", inputs, images, seed=0)


def test_identity_can_be_asked_of_one_domain_only():
    images = tiny_cyclegan(identity=0.5, identity_a=0)(data())
    assert "same_b" in images
    assert "same_a" not in images


def test_brightness_is_a_loss_when_weighted():
    method = tiny_cyclegan(brightness=2)
    inputs = data()
    assert "brightness" in method.losses("generators", inputs, method(inputs), seed=0)


@pytest.mark.parametrize("generator", names_of("translator"))
def test_every_generator_can_play(generator):
    method = CycleGAN(tiny_spec(GENERATORS, generator), DISCRIMINATOR)
    side = max(16, method.g_ab.stride)
    inputs = {"a": batch(1, side, side), "b": batch(1, side, side, seed=1)}
    losses = method.losses("generators", inputs, method(inputs), seed=0)
    assert all(torch.isfinite(loss) for loss in losses.values())


@pytest.mark.parametrize("discriminator", DISCRIMINATORS.names())
def test_every_discriminator_can_play(discriminator):
    method = CycleGAN(tiny_spec(GENERATORS, "mobile"), tiny_spec(DISCRIMINATORS, discriminator))
    side = 16 if "side" in DISCRIMINATORS.options(discriminator) else 32
    inputs = {"a": batch(1, side, side), "b": batch(1, side, side, seed=1)}
    losses = method.losses("discriminators", inputs, method(inputs), seed=0)
    assert all(torch.isfinite(loss) for loss in losses.values())


@pytest.mark.parametrize("others", ["discrimination", "deviation", "statistics"])
def test_a_critic_that_compares_never_sees_real_beside_fake(others):
    torch.manual_seed(0)
    critic = Spec("patch", {"layers": 1, "width": 8, "others": others})
    method = CycleGAN(tiny_spec(GENERATORS, "mobile"), critic, pool=0)
    inputs = data()
    images = method(inputs)
    assert method.critics() == {}  # nobody who could judge a picture alone
    losses = method.losses("discriminators", inputs, images, seed=0)
    real, fake = method.d_a(inputs["a"]), method.d_a(images["fake_a"])
    torch.testing.assert_close(
        losses["d_a"], ((real - 1).square().mean() + fake.square().mean()) / 2
    )
