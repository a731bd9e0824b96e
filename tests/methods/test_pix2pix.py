import pytest
import torch

from cyclekit.errors import ConfigError
from cyclekit.methods.pix2pix import Pix2Pix
from cyclekit.models import GENERATORS
from cyclekit.registry import Spec
from tests.tiny import batch, tiny_spec

DISCRIMINATOR = Spec("patch", {"layers": 1, "width": 8, "norm": "batch_per_picture"})


def tiny_pix2pix(**options):
    torch.manual_seed(0)
    unet = tiny_spec(GENERATORS, "unet", norm="batch_per_picture")
    return Pix2Pix(unet, DISCRIMINATOR, **options)


def data():
    return {"a": batch(2, seed=1), "b": batch(2, seed=2)}


@pytest.mark.parametrize("direction", ["ab", "ba"])
def test_losses_are_the_papers(direction):
    method, inputs = tiny_pix2pix(direction=direction), data()
    images = method(inputs)
    x, y = (inputs[letter] for letter in direction)
    fake = method.generator(x)
    torch.testing.assert_close(images["fake"], fake)

    def critic(picture):
        return torch.sigmoid(method.discriminator(torch.cat([x, picture], 1)))

    losses = method.losses("generators", inputs, images, seed=0)
    assert losses.keys() == {"l1", "gan"}
    torch.testing.assert_close(losses["l1"], 100 * (fake - y).abs().mean())
    torch.testing.assert_close(losses["gan"], -critic(fake).log().mean())
    (loss,) = method.losses("discriminators", inputs, images, seed=0).values()
    torch.testing.assert_close(loss, -critic(y).log().mean() - (1 - critic(fake)).log().mean())


def test_the_critic_sees_both_pictures():
    assert tiny_pix2pix().discriminator.body[0][0].in_channels == 6
    assert tiny_pix2pix().critics() == {}  # nobody who could judge a picture alone


def test_the_critics_turn_leaves_the_generator_alone():
    method, inputs = tiny_pix2pix(), data()
    method.losses("discriminators", inputs, method(inputs), seed=0)["discriminator"].backward()
    assert all(weight.grad is None for weight in method.generator.parameters())
    assert all(weight.grad is not None for weight in method.discriminator.parameters())


def test_without_its_weight_there_is_no_critic():
    method, inputs = tiny_pix2pix(adversarial_weight=0.0), data()
    assert method.discriminator is None
    (phase,) = method.phases()
    named = {id(weight) for network in phase.networks for weight in network.parameters()}
    assert named == {id(weight) for weight in method.parameters()}
    assert method.losses("generators", inputs, method(inputs), seed=0).keys() == {"l1"}


def test_every_picture_is_normalised_by_itself_in_use_as_in_training():
    method = tiny_pix2pix()
    one = {name: value[:1] for name, value in data().items()}
    in_training = method.train()(one)["fake"]
    torch.testing.assert_close(method.eval()(one)["fake"], in_training, atol=1e-5, rtol=1e-4)
    both = method.eval()(data())["fake"]
    torch.testing.assert_close(both[:1], in_training, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("option", ["adversarial_weight", "reconstruction"])
def test_weights_are_not_negative(option):
    with pytest.raises(ValueError, match="must be at least 0"):
        tiny_pix2pix(**{option: -1.0})


def test_the_critics_channels_are_not_set_by_hand():
    with pytest.raises(ConfigError, match="in_channels is not set here, got 3; leave it out"):
        Pix2Pix(tiny_spec(GENERATORS, "mobile"), Spec("patch", {"in_channels": 3}))
