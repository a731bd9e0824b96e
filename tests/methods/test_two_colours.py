"""Games whose true answer is known are won in seconds."""

import pytest
import torch
from games.known import CRITIC, TRANSLATOR
from games.two_colours import BLUE, RED, error, learn, patterns, recoloured, unpaired

from cyclekit.methods import METHODS
from cyclekit.registry import Spec


def test_a_cycle_finds_the_mapping_and_its_inverse():
    """Nothing says which pattern belongs to which: only the two piles and the cycle."""
    torch.manual_seed(0)
    method = METHODS.create(
        Spec("cyclegan", {"identity": 0.0}), generator=TRANSLATOR, discriminator=CRITIC
    )
    learn(method, unpaired(120, 4))
    red, blue = patterns(16, RED, 10**6), patterns(16, BLUE, 10**6 + 1)
    untouched = error(red, recoloured(red, RED, BLUE))
    with torch.no_grad():
        assert error(method.g_ab(red), recoloured(red, RED, BLUE)) < 0.35 * untouched
        assert error(method.g_ba(blue), recoloured(blue, RED, BLUE)) < 0.35 * untouched
        assert error(method.g_ba(method.g_ab(red)), red) < 0.35 * untouched


def test_pairs_find_the_mapping():
    torch.manual_seed(0)
    method = METHODS.create(Spec("pix2pix"), generator=TRANSLATOR, discriminator=CRITIC)
    batches = [
        {"a": batch["a"], "b": recoloured(batch["a"], RED, BLUE)} for batch in unpaired(60, 4)
    ]
    learn(method, batches)
    red = patterns(16, RED, 10**6)
    (translator,) = method.translators().values()
    with torch.no_grad():
        made = translator(red)
    assert error(made, recoloured(red, RED, BLUE)) < 0.2 * error(red, recoloured(red, RED, BLUE))


def colours(pictures):
    """Return how bright red, green and blue are on average, 0 to 1."""
    return (pictures.mean((0, 2, 3)) + 1) / 2


@pytest.mark.parametrize("name", ["gan", "biggan"])
def test_noise_becomes_the_colours_it_should(name):
    """The class decides the colour; where there is none, all are red."""
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
    for batch in unpaired(150, 4):
        both = torch.cat([batch["a"], batch["b"]])
        labelled = {"picture": both, "label": torch.arange(8) // 4}
        batches.append(labelled if known else {"picture": batch["a"]})
    learn(method, batches)
    generator = method.translators()["noise"]
    generator.settle()
    with torch.no_grad():
        for label, (own, other) in enumerate([(RED, BLUE), (BLUE, RED)][: 2 if known else 1]):
            made = colours(generator(*generator.inputs(range(32), seed=1, label=label)))
            assert made[own] > 0.2
            assert made[own] > 2 * made[other]
