import pytest
import torch

from cyclekit.errors import ConfigError
from cyclekit.losses.orthogonal import off_diagonal
from cyclekit.methods.biggan import BigGAN
from cyclekit.methods.draws import Draws
from cyclekit.models import DISCRIMINATORS, GENERATORS
from cyclekit.registry import Spec
from tests.tiny import batch, tiny_spec

CLASSES = 3


def tiny_biggan(**options):
    torch.manual_seed(0)
    method = BigGAN(
        tiny_spec(GENERATORS, "biggan", classes=CLASSES),
        tiny_spec(DISCRIMINATORS, "biggan", classes=CLASSES, layers=1),
        **options,
    )
    # Power iteration moves with every look; these tests look more than once.
    return method.eval()


def data():
    return {"picture": batch(4), "label": torch.tensor([0, 1, 2, 0])}


def test_losses_are_the_papers():
    method, inputs, seed = tiny_biggan(orthogonal=0.5), data(), 5
    images = method(inputs, seed)
    draws = Draws(seed, "latents", inputs["picture"])
    z, label = draws.normal(method.generator.latent), draws.classes(CLASSES)
    fake = method.generator(z, label)
    assert torch.equal(images["fake"], fake)
    on_real = method.discriminator(inputs["picture"], inputs["label"])
    on_fake = method.discriminator(fake, label)
    losses = method.losses("discriminators", inputs, images, seed)
    hinge = torch.relu(1 - on_real).mean() + torch.relu(1 + on_fake).mean()
    torch.testing.assert_close(losses["discriminator"], hinge)
    losses = method.losses("generators", inputs, images, seed)
    torch.testing.assert_close(losses["generator"], -on_fake.mean())
    weights = [w for n, w in method.generator.named_parameters() if n != "shared.weight"]
    torch.testing.assert_close(losses["orthogonal"], 0.5 * off_diagonal(weights))


def test_fakes_are_of_all_classes():
    method, inputs = tiny_biggan(), data()
    labels = [method(inputs, seed)["label"] for seed in range(40)]
    counts = torch.cat(labels).bincount(minlength=CLASSES)
    assert counts.sum() == 160
    assert (counts > 30).all()


def test_without_its_weight_there_is_no_orthogonal_loss():
    method, inputs = tiny_biggan(orthogonal=0.0), data()
    losses = method.losses("generators", inputs, method(inputs, 0), 0)
    assert set(losses) == {"generator"}


@pytest.mark.parametrize(
    ("generator", "discriminator", "message"),
    [
        ("biggan", "dcgan", "discriminator 'dcgan' knows no classes"),
        ("dcgan", "biggan", "generator 'dcgan' knows no classes"),
        ("mobile", "biggan", "'mobile' turns pictures into pictures"),
    ],
)
def test_networks_that_know_no_classes_are_refused(generator, discriminator, message):
    known = {"biggan": {"classes": 3}}
    with pytest.raises(ConfigError, match=message):
        BigGAN(
            Spec(generator, known.get(generator, {})),
            Spec(discriminator, known.get(discriminator, {})),
        )
