import pytest
import torch
from safetensors.torch import save_file

from cyclekit.errors import ConfigError
from cyclekit.methods import METHODS
from cyclekit.methods.distill import SEEN
from cyclekit.models import DISCRIMINATORS, GENERATORS
from cyclekit.models.features.vgg import BLOCKS_19, vgg_layers
from cyclekit.models.taps import tap
from cyclekit.registry import Spec
from tests.tiny import batch, tiny_spec


def tiny_distill(**options):
    torch.manual_seed(0)
    return METHODS.create(
        Spec("distill", options),
        generator=tiny_spec(GENERATORS, "mobile"),
        discriminator=tiny_spec(DISCRIMINATORS, "patch", layers=1),
    )


def data():
    return {"a": batch(2, seed=1), "b": batch(2, seed=2)}


@pytest.fixture(scope="module")
def vgg(tmp_path_factory):
    """Write weights of VGG19 up to relu4_1 that nobody trained."""
    file = tmp_path_factory.mktemp("vgg") / "vgg.safetensors"
    torch.manual_seed(0)
    layers = torch.nn.Sequential(*vgg_layers(BLOCKS_19)[:21])
    weights = {f"features.{key}": value.half() for key, value in layers.state_dict().items()}
    save_file(weights, file, metadata={"input": "BGR, mean subtracted"})
    return str(file)


@pytest.mark.parametrize("direction", ["ab", "ba"])
def test_losses_are_the_equations(direction):
    method, inputs = tiny_distill(direction=direction, matching=2.0), data()
    images = method(inputs)
    x, target = (inputs[letter] for letter in direction)
    fake = method.student(x)
    torch.testing.assert_close(images[f"fake_{direction[1]}"], fake)
    losses = method.losses("generators", inputs, images, seed=0)
    assert losses.keys() == {"output", "matching", "gan"}
    torch.testing.assert_close(losses["output"], 10 * (fake - target).abs().mean())
    critic = method.critic
    torch.testing.assert_close(losses["gan"], 0.1 * (critic(fake) - 1).square().mean())
    distance, seen, wanted = 0, fake, target
    for layer in critic.body:
        seen, wanted = layer(seen), layer(wanted)
        distance = distance + (seen - wanted).abs().mean() / wanted.abs().mean()
    torch.testing.assert_close(losses["matching"], 2 * distance)
    (loss,) = method.losses("discriminators", inputs, images, seed=0).values()
    wanted = (critic(target) - 1).square().mean() / 2 + critic(fake).square().mean() / 2
    torch.testing.assert_close(loss, wanted)


def test_perceptual_compares_what_vgg_sees(vgg):
    method, inputs = tiny_distill(perceptual=0.5, vgg=vgg, adversarial_weight=0.0), data()
    loss = method.losses("generators", inputs, method(inputs), seed=0)["perceptual"]
    (network,) = method._vgg
    fake, target = (
        tap(network, SEEN, 127.5 * (picture + 1))
        for picture in (method.student(inputs["a"]), inputs["b"])
    )
    expected = sum(
        (one - other).abs().mean() / other.abs().mean()
        for one, other in zip(fake, target, strict=True)
    )
    torch.testing.assert_close(loss, 0.5 * expected)
    loss.backward()
    assert all(weight.grad is not None for weight in method.student.parameters())


def test_what_vgg_knows_is_no_part_of_the_run(vgg):
    with_vgg, without = (
        tiny_distill(perceptual=weight, vgg=vgg).state_dict() for weight in (1.0, 0.0)
    )
    assert with_vgg.keys() == without.keys()


def test_without_its_weights_there_is_no_critic():
    method, inputs = tiny_distill(adversarial_weight=0.0), data()
    assert [phase.name for phase in method.phases()] == ["generators"]
    assert method.critics() == {}
    assert method.losses("generators", inputs, method(inputs), seed=0).keys() == {"output"}
    assert {*tiny_distill().critics()} == {"b"}


def test_the_critics_turn_leaves_the_student_alone():
    method, inputs = tiny_distill(), data()
    method.losses("discriminators", inputs, method(inputs), seed=0)["discriminator"].backward()
    assert all(weight.grad is None for weight in method.student.parameters())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"output": -1.0}, "output must be at least 0"),
        ({"output": 0.0, "adversarial_weight": 0.0}, "nothing is learned where every weight is 0"),
        ({"perceptual": 1.0}, "perceptual needs vgg, a file of VGG19's weights"),
        ({"perceptual": 1.0, "vgg": "absent.safetensors"}, "vgg: absent.safetensors: "),
    ],
)
def test_settings_that_teach_nothing_are_refused(options, message):
    with pytest.raises(ConfigError, match=message):
        tiny_distill(**options)


def test_other_weights_than_vggs_are_refused(tmp_path):
    save_file({"weight": torch.zeros(1)}, tmp_path / "other.safetensors")
    with pytest.raises(ConfigError, match=r"other.safetensors: not weights of VGG19-relu4_1"):
        tiny_distill(perceptual=1.0, vgg=str(tmp_path / "other.safetensors"))
