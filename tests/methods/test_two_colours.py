"""Games from noise learn the colours of a small world, and that its pictures differ."""

import pytest
import torch
from games.two_colours import BLUE, RED, learn, patterns, unpaired

from cyclekit.methods import METHODS
from cyclekit.registry import Spec


def colours(pictures):
    """Return how bright red, green and blue are on average, 0 to 1."""
    return (pictures.mean((0, 2, 3)) + 1) / 2


def contrasts(pictures, colour):
    """Return how much a colour varies within a picture, and from picture to picture."""
    levels = pictures[:, colour]
    return levels.std((1, 2)).mean(), levels.std(0).mean()


@pytest.mark.parametrize("name", ["gan", "biggan"])
def test_noise_becomes_the_colours_it_should(name):
    """The class decides the colour; where there is none, all are red. One flat colour fails."""
    torch.manual_seed(0)
    known = {"classes": 2} if name == "biggan" else {}
    network = {"side": 16, "width": 8} | ({"chunk": 4, "embedding": 8} if known else {})
    critic = {"layers": 1, "width": 16} | known
    method = METHODS.create(
        Spec(name),
        generator=Spec("biggan" if known else "dcgan", network | known),
        discriminator=Spec("biggan" if known else "dcgan", critic),
    )
    batches = []
    for batch in unpaired(250, 4):
        both = torch.cat([batch["a"], batch["b"]])
        labelled = {"picture": both, "label": torch.arange(8) // 4}
        batches.append(labelled if known else {"picture": batch["a"]})
    learn(method, batches, 4e-3)
    generator = method.translators()["noise"]
    generator.settle()
    with torch.no_grad():
        for label, (own, other) in enumerate([(RED, BLUE), (BLUE, RED)][: 2 if known else 1]):
            made = generator(*generator.inputs(range(32), seed=1, label=label))
            shares = colours(made)
            assert shares[own] > 0.2
            assert shares[own] > 2 * shares[other]
            within, between = contrasts(made, own)
            real_within, real_between = contrasts(patterns(32, own, 7), own)
            assert within > 0.4 * real_within
            assert between > 0.15 * real_between
