import pytest
import torch

from cyclekit.checkpoint.model import ModelInfo, load_model, save_model
from cyclekit.errors import ConfigError
from cyclekit.models import GENERATORS, make_noise_generator, make_translator
from cyclekit.registry import Spec
from tests.tiny import names_of, tiny_generator, tiny_spec

every_noise_generator = pytest.mark.parametrize("name", names_of("noise"))
KNOWING = [name for name in names_of("noise") if "classes" in GENERATORS.options(name)]


@every_noise_generator
def test_it_makes_pictures_of_its_side(name):
    generator = tiny_generator(name, out_channels=4)
    made = generator(*generator.inputs(range(3), seed=0))
    assert made.shape == (3, 4, generator.side, generator.side)
    assert made.dtype == torch.float32
    assert made.abs().max() <= 1
    assert (made[0] - made[1]).abs().max() > 0


@every_noise_generator
def test_every_part_of_the_noise_matters(name):
    generator = tiny_generator(name)
    z, *label = generator.inputs(range(2), seed=0)
    z.requires_grad_()
    generator(z, *label).square().sum().backward()
    assert (z.grad.abs() > 0).all()


@every_noise_generator
def test_a_model_file_brings_back_the_same_network(name, tmp_path):
    generator = tiny_generator(name)
    info = ModelInfo(tiny_spec(GENERATORS, name), ("digits",), ("noise",), kind="noise")
    save_model(tmp_path / "m.safetensors", {"noise": generator}, info)
    loaded, read, direction = load_model(tmp_path / "m.safetensors")
    assert (read, direction) == (info, "noise")
    inputs = generator.inputs(range(2), seed=0)
    assert torch.equal(loaded(*inputs), generator(*inputs))


@every_noise_generator
def test_its_side_must_be_the_crops(name):
    generator = tiny_generator(name)
    generator.check_side(generator.side)
    with pytest.raises(ValueError, match=f"must be {generator.side}"):
        generator.check_side(generator.side + 1)


@every_noise_generator
def test_the_example_is_an_input(name):
    generator = tiny_generator(name)
    assert generator(*generator.example(99)).shape[2] == generator.side


@pytest.mark.parametrize("name", KNOWING)
def test_classes_change_the_picture_and_take_turns(name):
    generator = tiny_generator(name, classes=3)
    z, label = generator.inputs(range(5), seed=0)
    assert label.tolist() == [0, 1, 2, 0, 1]
    assert generator.inputs(range(2), 0, label=2)[1].tolist() == [2, 2]
    one, other = generator(z, label), generator(z, (label + 1) % 3)
    assert ((one - other).abs().amax((1, 2, 3)) > 0).all()
    with pytest.raises(ValueError, match="which of 3 classes"):
        generator(z)


def test_settled_norms_are_those_of_many_pictures():
    generator = tiny_generator("dcgan")
    z, *_ = generator.inputs(range(4), seed=0)
    before = generator(z)
    generator.settle()
    after = generator(z)
    assert not torch.equal(before, after)
    generator.settle()
    assert torch.equal(after, generator(z))
    assert not generator.training
    # What stands is near what a large batch has of its own.
    many, *_ = generator.inputs(range(256), seed=5)
    own = generator.train()(many)
    torch.testing.assert_close(generator.eval()(many), own, atol=0.1, rtol=0.1)


def test_truncated_noise_has_other_statistics():
    generator = tiny_generator("biggan")
    z, *_ = generator.inputs(range(4), seed=0)
    generator.settle()
    wide = generator(z)
    generator.settle(truncation=0.3)
    assert not torch.equal(wide, generator(z))


@pytest.mark.parametrize("name", ["dcgan", "biggan"])
@pytest.mark.parametrize("side", [4, 12, 4096])
def test_a_side_that_doubling_never_gives_is_refused(name, side):
    with pytest.raises(ConfigError, match=f"side must be 8, 16, 32 and so on to 2048, got {side}"):
        GENERATORS.create(Spec(name, {"side": side}))


def test_the_two_kinds_are_told_apart():
    with pytest.raises(ConfigError, match=r"'mobile' turns pictures .* expected one that makes"):
        make_noise_generator(Spec("mobile"))
    with pytest.raises(
        ConfigError, match=r"'dcgan' makes pictures from noise; expected one that t"
    ):
        make_translator(Spec("dcgan"))
