"""The contrastive games and the game of many domains learn a world whose mapping is known."""

import pytest
import torch

from cyclekit.methods import METHODS
from cyclekit.registry import Spec
from tests.methods.two_colours import BLUE, RED, error, learn, patterns, recoloured, unpaired

TRANSLATOR = Spec("resnet", {"width": 8, "blocks": 1})
CRITIC = Spec("patch", {"width": 16, "layers": 1, "norm": "none"})


def held_out():
    red, blue = patterns(16, RED, 10**6), patterns(16, BLUE, 10**6 + 1)
    return red, blue, error(red, recoloured(red, RED, BLUE))


@pytest.mark.parametrize("name", ["cut", "dclgan"])
def test_patches_find_the_mapping(name):
    torch.manual_seed(0)
    options = {"embedding": 32, "patches": 64, "layers": ["picture", "down.0.0", "blocks.0"]}
    method = METHODS.create(Spec(name, options), generator=TRANSLATOR, discriminator=CRITIC)
    learn(method, unpaired(120, 4))
    red, blue, untouched = held_out()
    with torch.no_grad():
        assert error(method.g_ab(red), recoloured(red, RED, BLUE)) < 0.4 * untouched
        if name == "dclgan":
            assert error(method.g_ba(blue), recoloured(blue, RED, BLUE)) < 0.4 * untouched


def test_many_domains_find_the_mapping():
    torch.manual_seed(0)
    method = METHODS.create(
        Spec("stargan"),
        generator=Spec("stargan", {"width": 8, "blocks": 1, "classes": 2, "style": 2}),
        discriminator=Spec("stargan", {"width": 16, "layers": 2, "classes": 2}),
    )
    learn(
        method,
        [
            {"picture": torch.cat([batch["a"], batch["b"]]), "label": torch.arange(8) // 4}
            for batch in unpaired(150, 4)
        ],
    )
    red, blue, untouched = held_out()
    to = torch.full((16,), 0), torch.full((16,), 1)
    with torch.no_grad():
        assert error(method.generator(red, to[1]), recoloured(red, RED, BLUE)) < 0.4 * untouched
        assert error(method.generator(blue, to[0]), recoloured(blue, RED, BLUE)) < 0.4 * untouched
        assert error(method.generator(red, to[0]), red) < 0.4 * untouched
        styles = [method.generator(red, to[1], torch.full((16, 2), z)) for z in (-1.0, 1.0)]
    assert error(*styles) > 0.01
