import pytest
import torch
from torch import nn

from cyclekit.errors import ConfigError
from cyclekit.models.taps import channels_at, tap
from tests.tiny import batch, tiny_generator


def test_taps_are_what_the_layers_give():
    generator, x = tiny_generator("resnet", blocks=2), batch(2)
    first = generator.down[0][0](generator.stem(x))
    last = generator.blocks[0](generator.down(generator.stem(x)))
    found = tap(generator, ["blocks.0", "picture", "down.0.0"], x)
    for feature, expected in zip(found, (last, x, first), strict=True):
        assert torch.equal(feature, expected)


def test_layers_past_the_last_tap_do_not_run():
    class Costly(nn.Module):
        def forward(self, x):
            raise AssertionError("not needed")

    network = nn.Sequential(nn.Conv2d(3, 4, 1), Costly())
    assert tap(network, ["0"], batch())[0].shape == (1, 4, 16, 16)
    assert not network[0]._forward_hooks


def test_hooks_are_gone_after_an_error():
    network = nn.Sequential(nn.Conv2d(4, 4, 1))
    with pytest.raises(RuntimeError, match="channels"):
        tap(network, ["0"], batch())
    assert not network[0]._forward_hooks


def test_gradients_pass_through_taps():
    generator, x = tiny_generator(), batch().requires_grad_()
    (feature,) = tap(generator, ["blocks.0"], x)
    feature.square().sum().backward()
    assert x.grad.abs().sum() > 0
    assert generator.head.conv.weight.grad is None


def test_channels_are_counted_without_numbers():
    generator = tiny_generator("resnet")
    assert channels_at(generator, ["picture", "down.0.0", "blocks.0"], 3, 16) == [3, 16, 32]
    assert next(generator.parameters()).device.type == "cpu"


@pytest.mark.parametrize("generator", [tiny_generator(), tiny_generator("unet128")])
def test_an_unknown_layer_is_named(generator):
    with pytest.raises(ConfigError, match=r"no layer 'blocks\.77'; "):
        channels_at(generator, ["blocks.77"], 3, 16)


def test_of_very_many_layers_the_nearest_are_told():
    network = nn.Sequential(*[nn.Conv2d(3, 3, 1) for _ in range(100)])
    with pytest.raises(ConfigError, match=r"no layer '9x'; of its 101, the nearest") as error:
        channels_at(network, ["9x"], 3, 16)
    told = str(error.value).partition("are: ")[2].split(", ")
    assert "9" in told
    assert 1 < len(told) <= 10
