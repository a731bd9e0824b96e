import pytest
import torch

from cyclekit.models import GENERATORS
from cyclekit.models.norm import InstanceNorm
from cyclekit.registry import Spec
from tests.tiny import batch, tiny_generator


def generator(**options):
    made = tiny_generator("stargan", **({"classes": 3, "style": 4} | options))
    torch.manual_seed(1)
    for weight in made.parameters():  # a domain must matter
        torch.nn.init.normal_(weight, 0.0, 0.3)
    return made


def test_towards_a_domain_and_style_is_a_plain_network_that_does_the_same():
    many, x = generator(), batch(2)
    z = many.styled(5)
    plain = many.towards(2, z)
    assert plain.kind == "translator"
    with torch.no_grad():
        expected = many(x, torch.tensor([2, 2]), z.expand(2, -1))
        torch.testing.assert_close(plain(x), expected, atol=1e-5, rtol=1e-4)


def test_pictures_of_a_batch_go_to_their_own_domains():
    many, x = generator(), batch(1).expand(3, -1, -1, -1)
    with torch.no_grad():
        made = many(x, torch.arange(3))
        for label in range(3):
            alone = many(x[:1], torch.tensor([label]))
            torch.testing.assert_close(made[label : label + 1], alone)
    assert (made[0] - made[1]).abs().max() > 0.01


def test_styles_differ_and_none_is_the_middle():
    many, x, label = generator(), batch(1), torch.tensor([1])
    with torch.no_grad():
        middle = many(x, label)
        assert torch.equal(middle, many(x, label, torch.zeros(1, 4)))
        made = [many(x, label, many.styled(number)[None]) for number in (0, 1)]
    assert (made[0] - made[1]).abs().max() > 0.01
    assert torch.equal(many.styled(3), many.styled(3))
    assert many.styled(None) is None


def test_a_model_of_one_style_takes_none():
    assert generator(style=0)(batch(), torch.tensor([0])).shape == (1, 3, 16, 16)


def test_which_domain_must_be_said():
    with pytest.raises(ValueError, match="which of 3 domains"):
        generator()(batch())


def test_norms_forget_the_domain_after_a_pass():
    many = generator()
    many(batch(), torch.tensor([0]))
    norms = [module for module in many.modules() if isinstance(module, InstanceNorm)]
    assert len(norms) > 5
    assert all(norm.steered is None for norm in norms)


def test_it_can_be_built_without_memory():
    with torch.device("meta"):
        made = GENERATORS.create(Spec("stargan", {"classes": 2}))
        assert made(*made.example(30)).shape == (1, 3, 32, 32)
