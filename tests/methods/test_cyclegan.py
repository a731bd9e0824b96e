import pytest
import torch

from cyclekit.losses import PENALTIES
from cyclekit.methods.base import Moment
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


def at(method, step=0, share=0.0):
    method.moment = Moment(step, share)
    return method


def generator_losses(method):
    inputs = data()
    return method.losses("generators", inputs, method(inputs), seed=0)


def test_identity_every_other_step_weighs_twice_as_much():
    plain = generator_losses(tiny_cyclegan(identity=0.5))
    lazy = tiny_cyclegan(identity=0.5, identity_every=2)
    torch.testing.assert_close(generator_losses(lazy)["identity_a"], 2 * plain["identity_a"])
    at(lazy, step=1)
    assert "same_b" not in lazy(data())
    assert "identity_b" not in generator_losses(lazy)


def test_identity_falls_to_nothing():
    method = tiny_cyclegan(identity=0.5, identity_until=0.5)
    whole = generator_losses(method)["identity_b"]
    torch.testing.assert_close(generator_losses(at(method, share=0.25))["identity_b"], whole / 2)
    assert "identity_b" not in generator_losses(at(method, share=0.5))


def test_the_cycle_falls_to_its_end():
    method = tiny_cyclegan(cycle_end=0.1)
    whole = generator_losses(method)["cycle_a"]
    torch.testing.assert_close(generator_losses(at(method, share=0.5))["cycle_a"], 0.55 * whole)
    torch.testing.assert_close(generator_losses(at(method, share=1.0))["cycle_a"], 0.1 * whole)


def test_the_cycle_moves_to_the_critics_features():
    method = at(tiny_cyclegan(cycle=10, cycle_features=0.8), share=0.5)
    a, back = data()["a"], method(data())["cycle_a"]
    pixels = (back - a).abs().mean()
    features = (method.d_a.body(back) - method.d_a.body(a)).abs().mean()
    expected = 10 * (0.6 * pixels + 0.4 * features)
    torch.testing.assert_close(generator_losses(method)["cycle_a"], expected)


@pytest.mark.parametrize("discriminator", DISCRIMINATORS.names())
def test_every_discriminator_has_features_for_the_cycle(discriminator):
    critic = tiny_spec(DISCRIMINATORS, discriminator)
    method = CycleGAN(tiny_spec(GENERATORS, "mobile"), critic, cycle_features=1.0)
    side = 16 if "side" in DISCRIMINATORS.options(discriminator) else 32
    inputs = {"a": batch(1, side, side), "b": batch(1, side, side, seed=1)}
    at(method, share=1.0)
    assert method.losses("generators", inputs, method(inputs), seed=0)["cycle_b"] > 0


def test_a_penalty_is_due_every_few_steps():
    method, inputs = (
        tiny_cyclegan(penalty="r1", penalty_weight=2.0, penalty_every=3, pool=0),
        data(),
    )
    losses = method.losses("discriminators", inputs, method(inputs), seed=0)
    expected = 6 * PENALTIES.create(Spec("r1"))(method.d_b, inputs["b"], inputs["b"], None)
    torch.testing.assert_close(losses["penalty_b"], expected)
    at(method, step=1)
    losses = method.losses("discriminators", inputs, method(inputs), seed=0)
    assert losses.keys() == {"d_a", "d_b"}


def test_a_critic_that_compares_remembers_each_origin():
    torch.manual_seed(0)
    critic = Spec("patch", {"layers": 1, "width": 8, "others": "statistics"})
    method = CycleGAN(tiny_spec(GENERATORS, "mobile"), critic, pool=0, memory=3)
    for _ in range(2):
        inputs = data()
        images = method(inputs)
        method.losses("generators", inputs, images, 0)
        method.losses("discriminators", inputs, images, 0)
    kept = {name: memory.kept for name, memory in method.memories.items()}
    assert {name: len(features) for name, features in kept.items()} == dict.fromkeys(kept, 3)
    with torch.no_grad():
        torch.testing.assert_close(kept["real_b"][-2:], method.d_b.body(inputs["b"]))
        torch.testing.assert_close(kept["fake_b"][-2:], method.d_b.body(images["fake_b"]))


@pytest.mark.parametrize(
    ("option", "value"),
    [("identity_every", 0), ("identity_until", 0.0), ("cycle_end", 1.5), ("cycle_features", -1.0)],
)
def test_options_out_of_range_are_refused(option, value):
    with pytest.raises(ValueError, match=f"{option} must be"):
        tiny_cyclegan(**{option: value})
