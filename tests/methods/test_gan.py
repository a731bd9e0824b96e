import math

import pytest
import torch
from torch.nn import functional as F

from cyclekit.errors import ConfigError, UsageError
from cyclekit.methods.base import Moment
from cyclekit.methods.draws import Draws
from cyclekit.methods.gan import GAN
from cyclekit.models import DISCRIMINATORS, GENERATORS
from cyclekit.registry import Spec
from tests.tiny import batch, names_of, tiny_spec


def tiny_gan(others="none", **options):
    torch.manual_seed(0)
    return GAN(
        tiny_spec(GENERATORS, "mlp"), tiny_spec(DISCRIMINATORS, "mlp", others=others), **options
    )


def data(count=2):
    return {"picture": batch(count)}


def play(method, seed=5):
    """Return the losses of both players on one batch."""
    inputs = data()
    images = method(inputs, seed)
    return {
        name: loss
        for phase in method.phases()
        for name, loss in method.losses(phase.name, inputs, images, seed).items()
    }


def test_losses_are_the_papers():
    method = tiny_gan(adversarial="minimax")
    inputs, seed = data(), 5
    fake = method(inputs, seed)["fake"]
    z = Draws(seed, "latents", inputs["picture"]).normal(method.generator.latent)
    assert torch.equal(fake, method.generator(z))
    on_real = torch.sigmoid(method.discriminator(inputs["picture"]))
    on_fake = torch.sigmoid(method.discriminator(fake))
    losses = play(method, seed)
    expected = -on_real.log().mean() - (1 - on_fake).log().mean()
    torch.testing.assert_close(losses["discriminator"], expected)
    torch.testing.assert_close(losses["generator"], (1 - on_fake).log().mean())


def generators_slope(adversarial, confidence):
    """Length of the generator's gradient where the critic calls fakes real by `confidence`."""
    method = tiny_gan(adversarial=adversarial)
    with torch.no_grad():  # the same slopes, another level
        level = method.discriminator(method(data(), 0)["fake"]).mean()
        method.discriminator.judge.bias += math.log(confidence / (1 - confidence)) - level
    inputs = data()
    losses = method.losses("generators", inputs, method(inputs, 0), 0)
    slopes = torch.autograd.grad(losses["generator"], list(method.generator.parameters()))
    return math.sqrt(sum(slope.square().sum().item() for slope in slopes))


def test_minimax_starves_under_a_confident_critic_and_nonsaturating_does_not():
    minimax = [generators_slope("minimax", d) for d in (0.5, 1e-3, 1e-6)]
    nonsaturating = [generators_slope("nonsaturating", d) for d in (0.5, 1e-3, 1e-6)]
    assert minimax[0] == pytest.approx(nonsaturating[0], rel=0.01)  # both D (1 - D) at 1/2
    assert minimax[1] < 4e-3 * minimax[0]
    assert minimax[2] < 4e-6 * minimax[0]
    assert nonsaturating[1] == pytest.approx(2 * nonsaturating[0], rel=0.02)
    assert nonsaturating[2] == pytest.approx(2 * nonsaturating[0], rel=0.02)


@pytest.mark.parametrize("adversarial", ["minimax", "nonsaturating", "lsgan", "hinge", "wgan"])
def test_every_adversarial_loss_can_be_played(adversarial):
    losses = play(tiny_gan(adversarial=adversarial))
    assert set(losses) == {"generator", "discriminator"}
    assert all(loss.isfinite() for loss in losses.values())


def test_smoothing_changes_the_critics_loss_only():
    hard, soft = play(tiny_gan()), play(tiny_gan(real_label=0.9))
    assert hard["generator"] == soft["generator"]
    logits = tiny_gan().discriminator(data()["picture"])
    torch.testing.assert_close(soft["discriminator"] - hard["discriminator"], 0.1 * logits.mean())


def test_instance_noise_falls_to_nothing_over_the_run():
    method = tiny_gan(instance_noise=0.5)
    plain = play(tiny_gan())["discriminator"]
    x = batch(4, 32, 32)
    noise = {}
    for share in (0.0, 0.5, 1.0):
        method.moment = Moment(share=share)
        noise[share] = (method._noisy(x, 0, "test") - x).std().item()
    assert noise[0.0] == pytest.approx(0.5, rel=0.05)
    assert noise[0.5] == pytest.approx(0.25, rel=0.05)
    assert noise[1.0] == 0
    assert play(method)["discriminator"] == plain
    method.moment = Moment()
    assert play(method)["discriminator"] != plain


def test_a_lazy_penalty_weighs_as_much_as_one_every_step():
    always = tiny_gan(penalty="r1", penalty_weight=3.0)
    lazy = tiny_gan(penalty="r1", penalty_weight=3.0, penalty_every=4)
    paid = []
    for step in range(8):
        lazy.moment = Moment(step)
        paid.append(play(lazy).get("penalty"))
    assert [loss is not None for loss in paid] == [True, False, False, False] * 2
    torch.testing.assert_close(paid[0], 4 * play(always)["penalty"])


def test_r1_is_the_papers():
    method = tiny_gan(penalty="r1", penalty_weight=3.0)
    x = data()["picture"].requires_grad_()
    (slope,) = torch.autograd.grad(method.discriminator(x).sum(), x)
    expected = 3.0 / 2 * slope.square().sum((1, 2, 3)).mean()
    torch.testing.assert_close(play(method)["penalty"], expected)


def test_wasserstein_with_gradient_penalty():
    method = tiny_gan(adversarial="wgan", penalty="wgan-gp", critic_steps=5)
    losses = play(method)
    assert losses["penalty"].requires_grad
    assert [phase.is_due(4) for phase in method.phases()] == [True, True]
    assert [phase.is_due(3) for phase in method.phases()] == [False, True]


def test_both_kinds_are_compared_with_the_same_older_fakes():
    method = tiny_gan(others="deviation", memory=3)
    fresh = play(method)["discriminator"]
    fake = method(data(), 5)["fake"]
    features = method.discriminator.body(fake)[:, :, None, None]
    torch.testing.assert_close(method.memory.kept, features)
    on_real, on_fake = (method.discriminator(x, memory=method.memory) for x in (batch(2), fake))
    expected = F.softplus(-on_real).mean() + F.softplus(on_fake).mean()
    torch.testing.assert_close(play(method)["discriminator"], expected)
    assert not torch.allclose(expected, fresh)
    assert len(method.memory.kept) == 3


def test_a_penalty_is_of_the_critic_beside_its_memory():
    method = tiny_gan(others="statistics", memory=3, penalty="r1", penalty_weight=3.0)
    alone = play(method)["penalty"]
    x = data()["picture"].requires_grad_()
    logits = method.discriminator(x, memory=method.memory)
    (slope,) = torch.autograd.grad(logits.sum(), x)
    expected = 3.0 / 2 * slope.square().sum((1, 2, 3)).mean()
    torch.testing.assert_close(play(method)["penalty"], expected)
    assert not torch.allclose(expected, alone)


@pytest.mark.parametrize("generator", names_of("noise"))
@pytest.mark.parametrize("discriminator", DISCRIMINATORS.names())
def test_every_pair_of_networks_can_play(generator, discriminator):
    critic = tiny_spec(DISCRIMINATORS, discriminator)
    if "layers" in DISCRIMINATORS.options(discriminator):
        critic = Spec(critic.name, {**critic.options, "layers": 1})
    method = GAN(tiny_spec(GENERATORS, generator), critic)
    assert all(loss.isfinite() for loss in play(method).values())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"penalty": "r3"}, "unknown penalty 'r3'; expected one of: r1, r2"),
        (
            {"adversarial": "hinge", "real_label": 0.9},
            "'hinge' has no option 'real_label'; it has none",
        ),
        ({"memory": -1}, "memory must be at least 0, got -1"),
        ({"critic_steps": 0}, "critic_steps must be at least 1, got 0"),
        ({"penalty_every": 0}, "penalty_every must be at least 1, got 0"),
    ],
)
def test_options_that_make_no_game_are_refused(options, message):
    with pytest.raises((UsageError, ValueError), match=message):
        tiny_gan(**options)


def test_a_translator_cannot_start_from_noise():
    with pytest.raises(ConfigError, match="'mobile' turns pictures into pictures; expected one"):
        GAN(Spec("mobile"), Spec("dcgan"))


def test_a_sure_critic_gives_finite_losses():
    method = tiny_gan()
    with torch.no_grad():
        method.discriminator.judge.bias += 1e4
    losses = play(method)
    assert losses["generator"] == 0
    expected = F.softplus(method.discriminator(method(data(), 5)["fake"])).mean()
    torch.testing.assert_close(losses["discriminator"], expected)
