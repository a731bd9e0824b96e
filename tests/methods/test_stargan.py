import pytest
import torch
from torch.nn import functional as F

from cyclekit.errors import ConfigError
from cyclekit.methods.base import Moment
from cyclekit.methods.stargan import StarGAN
from cyclekit.models import DISCRIMINATORS, GENERATORS
from cyclekit.registry import Spec
from tests.tiny import batch, tiny_spec

CLASSES = 3


def tiny_stargan(length=4, **options):
    torch.manual_seed(0)
    return StarGAN(
        tiny_spec(GENERATORS, "stargan", classes=CLASSES, style=length),
        tiny_spec(DISCRIMINATORS, "stargan", classes=CLASSES, layers=1),
        **options,
    )


def data():
    return {"picture": batch(4), "label": torch.tensor([0, 1, 2, 0])}


def test_losses_are_the_papers():
    method, inputs, seed = tiny_stargan(classify=2, cycle=3, style=4, diversity=5), data(), 7
    method.moment = Moment(step=1, share=0.25)
    x, own = inputs["picture"], inputs["label"]
    label, z, z2 = method._draw(seed, x)
    fake, other = method.generator(x, label, z), method.generator(x, label, z2)
    seen, on_x = method.discriminator.examine(fake), method.discriminator.examine(x)
    back = method.generator(fake, own, on_x.style)
    expected = {
        "generator": F.softplus(-seen.logits).mean(),
        "domain": 2 * F.cross_entropy(seen.domains, label),
        "cycle": 3 * (back - x).abs().mean(),
        "style": 4 * (seen.style - z).abs().mean(),
        "diversity": -5 * 0.75 * (fake - other).abs().mean(),
    }
    images = method(inputs, seed)
    losses = method.losses("generators", inputs, images, seed)
    assert losses.keys() == expected.keys()
    for name, value in expected.items():
        torch.testing.assert_close(losses[name], value, msg=name)
    expected = {
        "discriminator": F.softplus(-on_x.logits).mean() + F.softplus(seen.logits).mean(),
        "domain_real": 2 * F.cross_entropy(on_x.domains, own),
        "style_seen": 4 * (seen.style - z).abs().mean(),
    }
    losses = method.losses("discriminators", inputs, images, seed)
    assert losses.keys() == expected.keys()
    for name, value in expected.items():
        torch.testing.assert_close(losses[name], value, msg=name)


def test_the_first_stargan_knows_no_styles():
    method, inputs = tiny_stargan(length=0, penalty="wgan-gp", adversarial="wgan"), data()
    images = method(inputs, 0)
    assert images.keys() == {"fake", "back"}
    assert method.losses("generators", inputs, images, 0).keys() == {"generator", "domain", "cycle"}
    assert method.losses("discriminators", inputs, images, 0).keys() == {
        "discriminator", "domain_real", "penalty",
    }  # fmt: skip


def test_targets_are_any_domain():
    method = tiny_stargan()
    labels = torch.cat([method._draw(seed, batch(4))[0] for seed in range(40)])
    assert (labels.bincount(minlength=CLASSES) > 30).all()


@pytest.mark.parametrize(
    ("generator", "discriminator", "message"),
    [
        ("mobile", "stargan", "'mobile' turns pictures into pictures; expected"),
        ("stargan", "patch", "discriminator 'patch' tells no domains"),
    ],
)
def test_networks_that_know_no_domains_are_refused(generator, discriminator, message):
    known = {"stargan": {"classes": CLASSES}}
    with pytest.raises(ConfigError, match=message):
        StarGAN(
            Spec(generator, known.get(generator, {})),
            Spec(discriminator, known.get(discriminator, {})),
        )


def test_the_length_of_a_style_is_the_generators():
    with pytest.raises(ConfigError, match="style is not set here"):
        StarGAN(Spec("stargan", {"classes": 2}), Spec("stargan", {"classes": 2, "style": 3}))
