import pytest
import torch
from torch import nn

from cyclekit.models import DISCRIMINATORS, GENERATORS
from cyclekit.models.initialize import initialize
from cyclekit.models.spectral import spectrally_normalise
from tests.tiny import batch, tiny_spec

SPECTRAL = [name for name in DISCRIMINATORS.names() if "norm" in DISCRIMINATORS.options(name)]


def largest(weight):
    return torch.linalg.matrix_norm(weight.detach().flatten(1), 2).item()


def layers(network):
    return [m for m in network.modules() if isinstance(m, nn.Conv2d | nn.Linear | nn.Embedding)]


@pytest.mark.parametrize("name", SPECTRAL)
def test_every_layer_of_a_spectral_discriminator_stretches_by_one(name):
    torch.manual_seed(0)
    network = DISCRIMINATORS.create(tiny_spec(DISCRIMINATORS, name, norm="spectral"))
    initialize(network, "normal", 0.3)
    assert layers(network)
    for layer in layers(network):
        assert largest(layer.weight) == pytest.approx(1, abs=0.1)


def test_biggan_normalises_both_players():
    torch.manual_seed(0)
    generator = GENERATORS.create(tiny_spec(GENERATORS, "biggan", classes=3))
    critic = DISCRIMINATORS.create(tiny_spec(DISCRIMINATORS, "biggan", classes=3))
    for network in (generator, critic):
        initialize(network, "orthogonal", 1.0)
        free = [m for m in layers(network) if not hasattr(m, "parametrizations")]
        assert free == ([generator.shared] if network is generator else [])
        assert all(largest(m.weight) == pytest.approx(1, abs=0.1) for m in layers(network))


def test_the_estimate_follows_a_weight_that_grows():
    layer = spectrally_normalise(nn.Conv2d(3, 4, 3))
    with torch.no_grad():
        layer.parametrizations.weight.original.mul_(7)
    for _ in range(3):
        layer(batch())
    assert largest(layer.weight) == pytest.approx(1, abs=0.1)


def test_evaluation_changes_no_estimate():
    layer = spectrally_normalise(nn.Conv2d(3, 4, 3)).eval()
    before = {key: value.clone() for key, value in layer.state_dict().items()}
    layer(batch())
    assert all(torch.equal(before[key], value) for key, value in layer.state_dict().items())


def test_orthogonal_first_weights_are_orthogonal():
    layer = spectrally_normalise(nn.Conv2d(3, 4, 3))
    initialize(layer, "orthogonal", 1.0)
    rows = layer.weight.detach().flatten(1)
    torch.testing.assert_close(rows @ rows.T, torch.eye(4), atol=1e-5, rtol=0)
