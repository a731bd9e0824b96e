"""What every method promises to the training engine."""

import pytest
import torch

from cyclekit.data.kinds import KINDS
from cyclekit.errors import ConfigError
from cyclekit.methods import METHODS
from cyclekit.methods.base import Moment, data_kind
from cyclekit.models import DISCRIMINATORS, GENERATORS
from cyclekit.registry import Spec
from cyclekit.training.step import train_step
from tests.tiny import batch, tiny_spec

PLAYERS = {
    "biggan": ("biggan", "biggan"),
    "cut": ("mobile", "patch"),
    "cyclegan": ("mobile", "patch"),
    "dclgan": ("mobile", "patch"),
    "distill": ("mobile", "patch"),
    "gan": ("dcgan", "dcgan"),
    "pix2pix": ("unet", "patch"),
    "predict": ("predictor", "patch"),
    "recycle": ("mobile", "patch"),
    "stargan": ("stargan", "stargan"),
}
"""Networks that fit each method."""
CLASSES = 3

every_method = pytest.mark.parametrize("name", METHODS.names())


def build(name, **options):
    torch.manual_seed(0)
    kind = KINDS[data_kind(name)]
    known = {"classes": CLASSES} if kind.labelled else {}
    generator, discriminator = PLAYERS[name]
    return METHODS.create(
        Spec(name, options),
        generator=tiny_spec(GENERATORS, generator, **known),
        discriminator=tiny_spec(DISCRIMINATORS, discriminator, layers=1, **known),
    )


def data(name, count=2):
    kind = KINDS[data_kind(name)]
    channels = 3 * kind.frames
    inputs = {
        key: batch(count, channels=channels, seed=seed) for seed, key in enumerate(kind.pictures)
    }
    return inputs | ({"label": torch.arange(count) % CLASSES} if kind.labelled else {})


@every_method
def test_the_phases_name_every_weight(name):
    method = build(name)
    named = {id(p) for phase in method.phases() for net in phase.networks for p in net.parameters()}
    assert named == {id(p) for p in method.parameters()}
    assert set(method.translators()) <= {"ab", "ba", "noise", "any", "next"}


@every_method
def test_its_generators_make_what_it_says(name):
    method = build(name)
    assert {generator.kind for generator in method.translators().values()} == {method.makes}


@every_method
def test_a_step_trains_the_phases_that_are_due(name):
    method = build(name)
    before = {key: weight.clone() for key, weight in method.named_parameters()}
    optimizers = {
        phase.name: torch.optim.SGD([p for n in phase.networks for p in n.parameters()], lr=0.1)
        for phase in method.phases()
    }
    for step in range(max(phase.interval for phase in method.phases())):
        losses = train_step(method, optimizers, data(name), seed=step, moment=Moment(step))
        assert losses
        assert all(torch.isfinite(loss) for loss in losses.values())
    for phase in method.phases():
        for network in phase.networks:
            same = [torch.equal(before[k], w) for k, w in method.named_parameters()
                    if any(w is own for own in network.parameters())]  # fmt: skip
            assert not all(same), phase.name


SHARES = {"flip_equivariance", "cycle_end", "cycle_features"}


def numbers():
    for name in METHODS.names():
        for option, parameter in METHODS.options(name).items():
            if "float" in str(parameter.annotation):
                yield name, option


@pytest.mark.parametrize(("name", "option"), list(numbers()))
@pytest.mark.parametrize("value", [-1.0, float("nan")])
def test_no_number_is_below_0(name, option, value):
    expected = "between 0 and 1" if option in SHARES else "(at least|above) 0"
    with pytest.raises(ConfigError, match=f"{option} must be {expected}"):
        build(name, **{option: value})


@pytest.mark.parametrize(("name", "option"), [one for one in numbers() if one[1] in SHARES])
def test_no_share_is_above_1(name, option):
    with pytest.raises(ConfigError, match=f"'{name}': {option} must be between 0 and 1, got 7"):
        build(name, **{option: 7.0})


@every_method
def test_forward_depends_on_the_seed_alone(name):
    method = build(name).eval()
    inputs = data(name)
    one, two = method(inputs, 3), method(inputs, 3)
    torch.manual_seed(99)
    three = method(inputs, 3)
    for key, value in one.items():
        assert torch.equal(value, two[key])
        assert torch.equal(value, three[key])
