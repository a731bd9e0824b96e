from itertools import pairwise

import pytest
import torch
from torch import nn

from cyclekit.checkpoint.model import ModelInfo, load_model, save_model
from cyclekit.errors import ConfigError, UnknownNameError
from cyclekit.models import GENERATORS
from cyclekit.models.initialize import initialize
from cyclekit.models.norm import InstanceNorm
from cyclekit.registry import Spec
from tests.tiny import batch, names_of, tiny_generator, tiny_spec

every_generator = pytest.mark.parametrize("name", names_of("translator"))


def smallest(generator):
    return max(16, generator.stride)


@every_generator
def test_output_has_the_size_of_the_input(name):
    generator = tiny_generator(name)
    side = smallest(generator)
    for height, width in ((side, side), (side, side + generator.stride)):
        assert generator(batch(1, height, width)).shape == (1, 3, height, width)


@every_generator
def test_channels_of_input_and_output_are_free(name):
    generator = tiny_generator(name, in_channels=1, out_channels=4)
    side = smallest(generator)
    assert generator(batch(1, side, side, channels=1)).shape == (1, 4, side, side)
    assert (generator.in_channels, generator.out_channels) == (1, 4)


@every_generator
def test_output_is_a_picture_and_repeatable(name):
    generator = tiny_generator(name)
    side = smallest(generator)
    x = batch(1, side, side)
    first, second = generator(x), generator(x)
    assert first.abs().max() <= 1
    assert first.std() > 0
    assert torch.equal(first, second)


@every_generator
def test_pictures_of_a_batch_do_not_know_each_other(name):
    generator = tiny_generator(name)
    side = smallest(generator)
    x = batch(2, side, side)
    torch.testing.assert_close(generator(x)[1:], generator(x[1:]), atol=1e-5, rtol=1e-5)


@every_generator
def test_no_bias_stands_before_an_instance_norm(name):
    leaves = [module for module in tiny_generator(name).modules() if not list(module.children())]
    before = [
        conv
        for conv, norm in pairwise(leaves)
        if isinstance(norm, InstanceNorm) and isinstance(conv, nn.Conv2d | nn.ConvTranspose2d)
    ]
    assert before
    assert all(conv.bias is None for conv in before)


@every_generator
def test_a_model_file_brings_back_the_same_network(name, tmp_path):
    generator = tiny_generator(name)
    info = ModelInfo(tiny_spec(GENERATORS, name), directions=("ab",))
    save_model(tmp_path / "model.safetensors", {"ab": generator}, info)
    loaded, _, _ = load_model(tmp_path / "model.safetensors")
    side = smallest(generator)
    x = batch(1, side, side)
    assert torch.equal(loaded(x), generator(x))


@pytest.mark.parametrize(
    "norm", ["instance", "instance_affine", "batch", "batch_per_picture", "none"]
)
@every_generator
def test_every_norm_fits_every_generator(name, norm):
    generator = tiny_generator(name, norm=norm)
    side = smallest(generator)
    assert generator(batch(1, side, side)).isfinite().all()


@pytest.mark.parametrize("down", ["strided", "blur"])
@pytest.mark.parametrize("up", ["transposed", "blur", "resize"])
def test_all_ways_up_and_down_keep_the_size(down, up):
    assert tiny_generator("resnet", down=down, up=up)(batch()).shape == (1, 3, 16, 16)


def test_lowering_leaves_the_head_in_float32():
    generator = tiny_generator("mobile")
    generator.lower(torch.bfloat16)
    assert {weight.dtype for weight in generator.head.parameters()} == {torch.float32}
    assert {weight.dtype for weight in generator.stem.parameters()} == {torch.bfloat16}
    assert generator(batch().bfloat16()).dtype == torch.float32


def test_short_cuts_begin_by_changing_little_and_learn_to_change_all():
    generator, x = tiny_generator("mobile", skip=True), batch(2)
    initialize(generator, "kaiming")
    assert 0 < (generator(x) - x).abs().mean() < 0.1
    generator.head.conv.weight.data.fill_(-50.0)
    assert (generator(x) - x).abs().mean() > 0.5
    assert generator(x).abs().max() <= 1


def test_unknown_generator_gets_a_suggestion():
    with pytest.raises(
        UnknownNameError, match=r"unknown generator 'resnt9'; did you mean 'resnet9'"
    ):
        GENERATORS.create(Spec("resnt9"))


def test_unknown_option_gets_a_suggestion():
    with pytest.raises(ConfigError, match=r"'resnet9' has no option 'widht'; did you mean 'width'"):
        GENERATORS.create(Spec("resnet9", {"widht": 8}))


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("mobile", {"width": 30}, "width must be a multiple of 4, got 30"),
        (
            "mobile",
            {"skip": True, "out_channels": 1},
            "skip needs as many channels out as in, 1 != 3",
        ),
        ("unet", {"depth": 1}, "depth must be at least 2, got 1"),
        ("resnet", {"up": "bicubic"}, "up must be transposed, blur or resize, got 'bicubic'"),
        ("resnet", {"down": "max"}, "down must be strided or blur, got 'max'"),
        ("resnet", {"norm": "layer"}, "norm must be instance, .* got 'layer'"),
    ],
)
def test_options_out_of_range_are_refused(name, options, message):
    with pytest.raises(ConfigError, match=message):
        GENERATORS.create(tiny_spec(GENERATORS, name, **options))
