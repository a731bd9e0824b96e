import pytest
import torch

from cyclekit.config.resolve import resolve
from cyclekit.errors import ConfigError, TrainingError
from cyclekit.methods import METHODS
from cyclekit.methods.base import Moment
from cyclekit.registry import Spec
from cyclekit.training.compiled import compile_networks, compiler_errors
from cyclekit.training.loop import train
from cyclekit.training.step import train_step
from tests.methods.test_contract import build, data
from tests.training.worlds import CPU, TINY, pictures_for

pytestmark = pytest.mark.filterwarnings("ignore")  # the compiler looks at everything


def losses(method, inputs, steps=3):
    optimizers = {
        phase.name: torch.optim.SGD([p for n in phase.networks for p in n.parameters()], lr=0.01)
        for phase in method.phases()
    }
    return [
        {
            name: float(loss.detach())
            for name, loss in train_step(
                method, optimizers, inputs, seed=step, moment=Moment(step)
            ).items()
        }
        for step in range(steps)
    ]


@pytest.fixture(autouse=True)
def _nothing_compiled_before():
    torch._dynamo.reset()
    yield
    torch._dynamo.reset()


@pytest.mark.parametrize("name", ["cyclegan", "cut", "stargan", "gan"])
def test_networks_are_captured_and_play_the_same_game(name):
    """The two phases want other gradients of the same networks, and layers are tapped by hooks."""
    compiled, plain = build(name), build(name)
    compile_networks(compiled, "eager")
    assert compiled.state_dict().keys() == plain.state_dict().keys()
    assert losses(compiled, data(name)) == losses(plain, data(name))


def test_what_the_compiler_makes_plays_the_same_game():
    def points():
        torch.manual_seed(0)
        small = {"width": 4, "side": 8}
        return METHODS.create(
            Spec("gan"), generator=Spec("mlp", {**small, "latent": 4}),
            discriminator=Spec("mlp", small),
        )  # fmt: skip

    compiled, plain = points(), points()
    compile_networks(compiled)
    inputs = {"picture": torch.rand(2, 3, 8, 8) * 2 - 1}
    for one, other in zip(losses(compiled, inputs, 2), losses(plain, inputs, 2), strict=True):
        assert one == pytest.approx(other, rel=1e-4)


def test_it_takes_a_compiler(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("CXX", "no-such-compiler")
    with pytest.raises(ConfigError, match=r"train\.compile needs a C\+\+ compiler"):
        compile_networks(build("gan"))


def test_a_run_compiles(tmp_path):
    small = {"width": 4, "side": 8}
    config = resolve([
        TINY, {"method": {"name": "gan"}, "generator": {"name": "mlp", "latent": 4, **small}},
        {"discriminator": {"name": "mlp", **small}, "data": {"load": None, "crop": 8}},
        {"train": {"images": 4, "compile": True}},
    ])  # fmt: skip
    assert train(config, pictures_for("gan", tmp_path), tmp_path / "run", device=CPU).done


def test_what_the_compiler_cannot_do_is_one_line():
    from torch._dynamo.exc import TorchDynamoException

    config = resolve([TINY, {"train": {"images": 4, "compile": True}}])
    expected = pytest.raises(
        TrainingError, match=r"train\.compile: the compiler failed: no more; leave"
    )
    with expected, compiler_errors(config):
        raise TorchDynamoException("no more\nand much else")
