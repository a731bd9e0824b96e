"""Discriminators that judge whole pictures."""

import pytest
import torch

from cyclekit.errors import ConfigError
from cyclekit.models import DISCRIMINATORS
from cyclekit.registry import Spec
from tests.tiny import batch, tiny_spec

WHOLE = ["mlp", "dcgan", "biggan"]


def build(name, **options):
    torch.manual_seed(0)
    return DISCRIMINATORS.create(tiny_spec(DISCRIMINATORS, name, **options))


@pytest.mark.parametrize("name", WHOLE)
def test_one_logit_a_picture(name):
    assert build(name)(batch(3)).shape == (3, 1, 1, 1)
    assert build(name, in_channels=6)(batch(2, channels=6)).shape == (2, 1, 1, 1)


@pytest.mark.parametrize("name", ["dcgan", "biggan"])
def test_the_size_of_the_picture_is_free(name):
    assert build(name, layers=2)(batch(1, 8, 24)).shape == (1, 1, 1, 1)


@pytest.mark.parametrize("name", WHOLE)
def test_gradients_of_gradients_reach_the_weights(name):
    network = build(name, others="statistics")
    x = batch(2).requires_grad_()
    (slope,) = torch.autograd.grad(network(x).square().sum(), x, create_graph=True)
    slope.square().sum().backward()
    assert sum(p.grad.abs().sum() for p in network.parameters() if p.grad is not None) > 0


def test_projection_is_the_papers_formula():
    network = build("biggan", classes=3).eval()
    x, label = batch(2), torch.tensor([2, 0])
    h = torch.relu(network.body(x)).sum((2, 3))
    expected = h @ network.judge.weight[0] + network.judge.bias + (network.embed(label) * h).sum(1)
    torch.testing.assert_close(network(x, label).flatten(), expected)
    with pytest.raises(ValueError, match="which of 3 classes"):
        network(x)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("dcgan", {"layers": 0}, "layers must be at least 1, got 0"),
        ("biggan", {"layers": 0}, "layers must be at least 1, got 0"),
        ("biggan", {"classes": -1}, "classes must be at least 0, got -1"),
        ("mlp", {"norm": "batch"}, "norm must be spectral or none, got 'batch'"),
    ],
)
def test_options_out_of_range_are_refused(name, options, message):
    with pytest.raises(ConfigError, match=message):
        DISCRIMINATORS.create(Spec(name, options))
