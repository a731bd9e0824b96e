import itertools
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import cyclekit
from cyclekit.errors import CheckpointError, UsageError
from cyclekit.inference.arrays import to_input, to_rgb
from cyclekit.inference.fit import padded
from cyclekit.inference.translator import Translator
from tests.inference.networks import Negative, Same
from tests.tiny import picture, tiny_generator

SIZES = [(1, 1), (1, 9), (2, 3), (5, 4), (16, 16), (17, 30)]


@pytest.fixture(scope="module")
def same() -> Translator:
    return Translator(Same(), device="cpu", precision="fp32")


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_every_size_depth_and_alpha_comes_back(
    same: Translator, size: tuple[int, int], channels: int, kind: type
) -> None:
    image = picture(*size, channels).astype(kind) * (257 if kind == np.uint16 else 1)
    made = same(image)
    assert made.dtype == kind
    assert np.array_equal(made, image)


def test_gray_comes_back_gray(same: Translator) -> None:
    image = picture(5, 6)[..., 0]
    assert np.array_equal(same(image), image)


def test_alpha_is_not_translated() -> None:
    image = picture(16, 16, 4)
    made = Translator(Negative(), device="cpu", precision="fp32")(image)
    assert np.array_equal(made[..., 3], image[..., 3])
    assert np.array_equal(made[..., :3], 255 - image[..., :3])


def test_a_real_generator_takes_one_pixel() -> None:
    for name in ("mobile", "resnet", "unet"):
        translator = Translator(tiny_generator(name), device="cpu", precision="fp32")
        assert translator(picture(1, 1)).shape == (1, 1, 3)


def test_the_network_sees_multiples_of_its_stride() -> None:
    network = Same()
    Translator(network, device="cpu", precision="fp32")(picture(17, 30))
    assert network.seen == [(1, 3, 20, 32)]


def test_neighbours_of_one_shape_run_together_in_order() -> None:
    network = Same()
    translator = Translator(network, device="cpu", precision="fp32", batch_size=2)
    sizes = [(16, 16)] * 3 + [(20, 16)] + [(16, 16)]
    images = [picture(*size, seed=seed) for seed, size in enumerate(sizes)]
    made = list(translator.stream(images))
    assert all(np.array_equal(a, b) for a, b in zip(made, images, strict=True))
    assert [shape[0] for shape in network.seen] == [2, 1, 1, 1]


def test_a_stream_never_ends_nor_reads_ahead() -> None:
    translator = Translator(Same(), device="cpu", precision="fp32", batch_size=2)
    taken = itertools.count()
    stream = translator.stream(picture(seed=next(taken)) for _ in itertools.repeat(None))
    assert np.array_equal(next(stream), picture(seed=0))
    assert next(taken) == 3  # a batch, and the one that showed it to be full


def test_small_pictures_share_a_batch_and_large_ones_do_not(same: Translator) -> None:
    assert same.batch_size(32, 32) > same.batch_size(64, 64) > same.batch_size(256, 256) == 1


def test_the_generator_itself_is_not_changed() -> None:
    generator = tiny_generator().train()
    before = {key: value.clone() for key, value in generator.state_dict().items()}
    Translator(generator, device="cpu", precision="bf16")(picture())
    assert generator.training
    after = generator.state_dict()
    assert all(after[key].dtype == value.dtype for key, value in before.items())


@pytest.mark.parametrize("shape", [(4,), (4, 4, 2), (1, 4, 4, 3), (0, 4, 3)])
def test_other_shapes_are_refused(same: Translator, shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"pictures must be|no pixels"):
        same(np.zeros(shape, np.uint8))


def test_floats_are_refused(same: Translator) -> None:
    with pytest.raises(ValueError, match="must be uint8 or uint16, got float64"):
        same(np.zeros((4, 4, 3)))  # type: ignore[arg-type]


@pytest.mark.parametrize("image", [None, [[1, 2, 3]], Image.new("RGB", (4, 4))])
def test_what_is_no_array_is_refused(same: Translator, image: Any) -> None:
    for call in (same, lambda image: list(same.stream([image, image]))):
        with pytest.raises(TypeError, match="must be numpy arrays, got "):
            call(image)


def test_a_stream_refuses_what_a_call_refuses(same: Translator) -> None:
    with pytest.raises(ValueError, match="no pixels"):
        list(same.stream([np.zeros((0, 0, 3), np.uint8)] * 2))


def test_wrong_settings_are_named() -> None:
    with pytest.raises(UsageError, match="no device 'gpu'"):
        Translator(Same(), device="gpu")
    with pytest.raises(UsageError, match="unknown precision 'b16'; did you mean 'bf16'"):
        Translator(Same(), device="cpu", precision="b16")
    with pytest.raises(UsageError, match="batch_size must be"):
        Translator(Same(), device="cpu", precision="fp32", batch_size=0)
    with pytest.raises(UsageError, match="batch_size must be 'auto' or a number from 1, got 'x'"):
        cyclekit.load(device="cpu", precision="fp32", batch_size="x")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="source must be a model's name or path, or None; got 5"):
        cyclekit.load(5)  # type: ignore[arg-type]


def test_a_generator_of_other_channels_is_refused() -> None:
    with pytest.raises(CheckpointError, match="expected 3"):
        Translator(tiny_generator(in_channels=1), device="cpu")


def test_reading_to_network_is_one_conversion_and_no_copy() -> None:
    image = picture(16, 20)
    prepared = padded(to_rgb(image), 4)
    assert np.shares_memory(prepared, image)
    x = to_input([prepared], torch.device("cpu"))
    assert x.is_contiguous(memory_format=torch.channels_last)  # as the network wants it


def test_a_picture_that_may_not_be_written_to_is_taken(same: Translator) -> None:
    image = picture(16, 20)
    image.flags.writeable = False
    assert np.array_equal(same(image), image)
