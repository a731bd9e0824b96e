import pytest
import torch

from cyclekit.errors import ConfigError
from cyclekit.methods import METHODS
from cyclekit.methods.base import data_kind
from cyclekit.methods.consistent import Consistent
from cyclekit.models import DISCRIMINATORS, GENERATORS
from cyclekit.registry import Spec
from cyclekit.training.step import train_step
from tests.methods.test_contract import build, data
from tests.tiny import batch, tiny_spec


def game(name="cyclegan", generator="mobile", discriminator="patch"):
    torch.manual_seed(0)
    return METHODS.create(
        Spec(name),
        generator=tiny_spec(GENERATORS, generator),
        discriminator=tiny_spec(DISCRIMINATORS, discriminator, layers=1),
    )


def pictures():
    return {"a": batch(2), "b": batch(2, seed=1)}


def test_the_rule_adds_a_loss_a_direction_to_the_generators_turn():
    method, inputs = Consistent(game(), 10.0, 2.0, 0.1), pictures()
    images = method(inputs, 5)
    plain = method.game.losses("generators", inputs, images, 5)
    ruled = method.losses("generators", inputs, images, 5)
    assert set(ruled) - set(plain) == {"consistency_ab", "consistency_ba"}
    assert all(torch.equal(ruled[name], loss) for name, loss in plain.items())
    critics = method.losses("discriminators", inputs, images, 5)
    assert set(critics) == {"d_a", "d_b"}


def test_the_rule_costs_nothing_where_nothing_moves():
    method, inputs = Consistent(game(), 10.0, 0.0, 0.0), pictures()
    losses = method.losses("generators", inputs, method(inputs), 0)
    assert losses["consistency_ab"] < 1e-4
    other = Consistent(game(), 10.0, 0.0, 0.1)
    assert other.losses("generators", inputs, other(inputs), 0)["consistency_ab"] > 1e-3


def test_the_motion_is_drawn_from_the_seed():
    method, inputs = Consistent(game(), 10.0, 2.0, 0.0), pictures()
    images = method(inputs, 1)
    one, same, other = (
        method.losses("generators", inputs, images, seed)["consistency_ab"] for seed in (1, 1, 2)
    )
    assert torch.equal(one, same)
    assert not torch.equal(one, other)


@pytest.mark.parametrize(
    "name",
    [name for name in METHODS.names() if data_kind(name) not in ("single", "clips", "labelled")]
    + ["stargan"],
)
def test_every_game_of_translators_can_be_ruled(name):
    method, inputs = Consistent(build(name), 10.0, 1.0, 0.1), data(name)
    losses = method.losses("generators", inputs, method(inputs, 2), 2)
    ways = {f"consistency_{way}" for way in method.translators()}
    assert ways <= set(losses)
    assert all(losses[way] > 0 for way in ways)


def test_a_mirrored_translation_is_not_taken_for_that_of_the_picture():
    method, inputs = Consistent(build("cut", flip_equivariance=1.0), 10.0, 0.0, 0.0), data("cut")
    losses = method.losses("generators", inputs, method(inputs, 2), 2)
    assert losses["consistency_ab"] < 1e-4


def test_learning_the_rule_makes_moved_pictures_agree():
    method, inputs = Consistent(game(), 100.0, 2.0, 0.1), pictures()
    optimizers = {
        phase.name: torch.optim.Adam([p for n in phase.networks for p in n.parameters()], lr=2e-3)
        for phase in method.phases()
    }
    found = [float(train_step(method, optimizers, inputs, seed=step)["consistency_ab"])
             for step in range(30)]  # fmt: skip
    assert sum(found[-5:]) < 0.5 * sum(found[:5])


def test_a_game_from_noise_has_nothing_to_move():
    with pytest.raises(ConfigError, match="translate pictures"):
        Consistent(game("gan", "dcgan", "dcgan"), 1.0, 1.0, 0.0)
