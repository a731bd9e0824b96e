import pytest
import torch

from cyclekit.errors import ConfigError
from cyclekit.models import DISCRIMINATORS
from cyclekit.registry import Spec
from tests.tiny import batch, tiny_spec

every_discriminator = pytest.mark.parametrize("name", ["patch", "pixel"])


def build(name, **options):
    return DISCRIMINATORS.create(tiny_spec(DISCRIMINATORS, name, **options))


def field(discriminator, side):
    """Rows of the input that the middle logit sees."""
    x = batch(1, side, side).requires_grad_()
    logits = discriminator(x)
    logits[0, 0, logits.shape[2] // 2, logits.shape[3] // 2].backward()
    return int(x.grad.abs().sum((0, 1, 3)).ne(0).sum())


@every_discriminator
def test_there_is_one_logit_a_patch_and_no_limit_to_it(name):
    logits = build(name, norm="none")(batch(2, 64, 64) * 1e4)
    assert logits.shape[:2] == (2, 1)
    assert logits.abs().max() > 1


@every_discriminator
def test_channels_judged_together_are_free(name):
    assert build(name, in_channels=6)(batch(1, 64, 64, channels=6)).shape[1] == 1


@pytest.mark.parametrize(("layers", "pixels"), [(1, 16), (2, 34), (3, 70), (4, 142)])
def test_each_logit_sees_the_published_field(layers, pixels):
    assert field(build("patch", layers=layers, norm="none", width=2), 192) == pixels


def test_the_pixel_discriminator_sees_one_pixel():
    assert field(build("pixel", norm="none"), 16) == 1


@pytest.mark.parametrize("antialias", [False, True])
def test_256_pixels_make_a_map_of_30(antialias):
    logits = build("patch", width=2, antialias=antialias)(batch(1, 256, 256))
    assert logits.shape == (1, 1, 30, 30)


def test_no_layer_is_refused():
    with pytest.raises(ConfigError, match="layers must be at least 1, got 0"):
        DISCRIMINATORS.create(Spec("patch", {"layers": 0}))


def test_gradients_of_gradients_reach_the_weights():
    discriminator = build("patch", layers=1)
    x = batch(1, 32, 32).requires_grad_()
    (slope,) = torch.autograd.grad(discriminator(x).sum(), x, create_graph=True)
    slope.square().sum().backward()
    assert discriminator.body[0][0].weight.grad.abs().sum() > 0
