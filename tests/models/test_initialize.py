import pytest
import torch
from torch import nn

from cyclekit.errors import UnknownNameError
from cyclekit.models.initialize import INITIALIZATIONS, initialize

INSIDE, OUTSIDE, KERNEL = 64, 96, 5
FAN_IN, FAN_OUT = INSIDE * KERNEL**2, OUTSIDE * KERNEL**2
DEVIATIONS = {
    "normal": 0.05,
    "xavier": 0.05 * (2 / (FAN_IN + FAN_OUT)) ** 0.5,
    "kaiming": (2 / FAN_IN) ** 0.5,
    "orthogonal": 0.05 / FAN_IN**0.5,
}


def test_every_initialisation_is_tested():
    assert set(DEVIATIONS) == set(INITIALIZATIONS)


@pytest.mark.parametrize("name", sorted(INITIALIZATIONS))
def test_weights_have_the_deviation_asked_for(name):
    torch.manual_seed(0)
    conv = nn.Conv2d(INSIDE, OUTSIDE, KERNEL)
    initialize(conv, name, gain=0.05)
    assert conv.weight.std().item() == pytest.approx(DEVIATIONS[name], rel=0.02)
    assert conv.weight.mean().item() == pytest.approx(0, abs=DEVIATIONS[name] / 50)
    assert not conv.bias.any()


def test_scales_of_batch_norm_are_drawn_around_one():
    torch.manual_seed(0)
    norm = nn.BatchNorm2d(10_000)
    initialize(norm, "normal", gain=0.02)
    assert norm.weight.mean().item() == pytest.approx(1, abs=1e-3)
    assert norm.weight.std().item() == pytest.approx(0.02, rel=0.05)


def test_transposed_convolutions_are_drawn_too():
    torch.manual_seed(0)
    conv = nn.ConvTranspose2d(INSIDE, OUTSIDE, KERNEL)
    initialize(conv, "normal", gain=0.05)
    assert conv.weight.std().item() == pytest.approx(0.05, rel=0.02)


def test_unknown_initialisation_gets_a_suggestion():
    with pytest.raises(UnknownNameError, match=r"unknown initialization 'xaver'; .* 'xavier'\?"):
        initialize(nn.Conv2d(1, 1, 1), "xaver")
