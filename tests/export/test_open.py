import json

import cv2
import numpy as np
import onnx
import pytest
import torch
from onnx import helper

import cyclekit
from cyclekit.errors import CheckpointError, MediaError, UsageError
from cyclekit.export.graph import look_into
from cyclekit.export.open import open_exported
from cyclekit.hub.open import open_generator
from cyclekit.inference.translator import Translator
from tests.export.networks import BYTES, blur, foreign, negative, node
from tests.tiny import picture

BEFORE = picture(40, 52)


def apart(one, other):
    return np.abs(one.astype(int) - other).max()


@pytest.mark.parametrize("scale", ["-1..1", "0..1", "0..255"])
def test_the_range_of_a_foreign_network_is_found_out(tmp_path, scale):
    path = negative(tmp_path / "model.onnx", scale)
    opened = open_generator(path)
    assert opened.notes[0].startswith(f"pixels {scale} in and {scale} out (assumed from")
    assert apart(Translator(opened.generator)(BEFORE), 255 - BEFORE) == 0


def test_a_range_that_is_given_is_believed(tmp_path):
    path = foreign(tmp_path / "m.onnx", node("Div", "x full"), weights={"full": np.float32(255)})
    opened = open_generator(path, ranges="0..255,0..1")
    assert opened.notes[0].startswith("pixels 0..255 in and 0..1 out (as given)")
    assert apart(Translator(opened.generator)(BEFORE), BEFORE) == 0
    assert apart(cyclekit.load(path, pixel_range="0..255,0..1")(BEFORE), BEFORE) == 0
    with pytest.raises(UsageError, match="unknown range '0-1'"):
        open_exported(path, "0-1")


@pytest.mark.parametrize(
    "given",
    [(1, 3, None, None), (None, None, None, 3), (2, 32, 24, 3), (1, 3, 32, 24), ("n", "c", "h", "w")],
)  # fmt: skip
def test_layouts_batches_and_sizes_of_foreign_networks(tmp_path, given):
    opened = open_exported(negative(tmp_path / "model.onnx", "0..1", given=given))
    smooth = cv2.resize(picture(3, 3), (24, 32), interpolation=cv2.INTER_CUBIC)
    translator = Translator(opened.generator, batch_size=3)
    for made in translator.translate([smooth] * 3):
        assert apart(made, 255 - smooth) <= 1
    if 32 in given:
        assert "size: 24x32, to which pictures are resized and back" in opened.notes[0]
        large = cv2.resize(smooth, (48, 64), interpolation=cv2.INTER_LINEAR)
        assert np.abs(translator(large).astype(int) - (255 - large)).mean() < 3


def test_a_network_of_bytes(tmp_path):
    weights = {"white": np.uint8(255)}
    step = node("Sub", "white x")
    path = foreign(
        tmp_path / "m.onnx", step, given=(None, None, None, 3), kind=BYTES, weights=weights
    )
    opened = open_exported(path)
    assert "pixels 0..255 in and 0..255 out" in opened.notes[0]
    assert apart(Translator(opened.generator)(BEFORE), 255 - BEFORE) == 0


def test_a_network_from_colour_to_gray(tmp_path):
    step = node("ReduceMean", axes=[1], keepdims=1)
    path = foreign(tmp_path / "m.onnx", step, made=(None, 1, None, None))
    made = Translator(open_exported(path).generator)(BEFORE)
    expected = np.repeat(BEFORE.mean(2, keepdims=True), 3, axis=2)
    assert np.abs(made - expected).max() < 1


def test_the_stride_of_a_foreign_network_is_found_out(tmp_path):
    steps = [
        node("SpaceToDepth", "x", "a", blocksize=8),
        node("DepthToSpace", "a", "y", blocksize=8),
    ]
    opened = open_exported(foreign(tmp_path / "m.onnx", *steps))
    assert opened.generator.stride == 8
    assert apart(Translator(opened.generator)(BEFORE), BEFORE) == 0


def test_tiles_of_a_convolutional_network_are_exact(tmp_path):
    opened = open_exported(blur(tmp_path / "model.onnx"))
    assert (opened.generator.reach, opened.generator.whole) == (4, "")
    whole, tiled = (Translator(opened.generator, tile=tile) for tile in ("off", 16))
    assert apart(whole(BEFORE), BEFORE) > 20
    assert apart(whole(BEFORE), tiled(BEFORE)) == 0
    assert tiled.note == ""


def test_a_network_whose_norms_see_all_runs_whole_and_says_why(tmp_path):
    weights = {"one": np.ones(3, np.float32), "zero": np.zeros(3, np.float32)}
    step = node("InstanceNormalization", "x one zero")
    opened = open_exported(foreign(tmp_path / "model.onnx", step, weights=weights))
    assert opened.generator.reach is None
    whole, asked = (Translator(opened.generator, tile=tile) for tile in ("off", 16))
    assert apart(whole(BEFORE), asked(BEFORE)) == 0
    assert asked.note.startswith("no tiles, pictures run whole: its step InstanceNormalization")
    tight = Translator(opened.generator, memory=400_000)
    with pytest.raises(MediaError, match="too large for this memory: no tiles, for its step Inst"):
        tight(picture(300, 300))


def step_by_step(*nodes, weights, x):
    graph = helper.make_graph(
        list(nodes), "g",
        [helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, (None, 3, None, None))],
        [helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, (None, None, None, None))],
        [onnx.numpy_helper.from_array(np.asarray(one), name) for name, one in weights.items()],
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return look_into(model, x, "NCHW")


def test_how_far_a_pixel_looks_is_followed_through_sampling():
    down = np.zeros((3, 3, 3, 3), np.float32)
    up = np.zeros((3, 3, 4, 4), np.float32)
    steps = [
        node("Conv", "x down", "a", strides=[2, 2], pads=[1, 1, 1, 1]),
        node("ConvTranspose", "a up", "y", strides=[2, 2], pads=[1, 1, 1, 1]),
    ]
    facts = step_by_step(*steps, weights={"down": down, "up": up}, x=np.zeros((1, 3, 8, 8), "f"))
    # Output 0 takes values -1 to 0, which take inputs -3 to 1; output 1 values 0 to 1: -1 to 3.
    assert 2 <= facts.reach <= 4
    assert facts.parameters == down.size + up.size
    assert facts.macs_per_pixel == (9 * 9 * 16 + 3 * 16 * 3 * 16) / 64


def test_a_fixed_size_has_no_tiles(tmp_path):
    opened = open_exported(negative(tmp_path / "model.onnx", given=(1, 3, 32, 24)))
    assert (opened.generator.reach, opened.generator.whole) == (None, "its size is fixed")


@pytest.mark.parametrize(
    ("given", "made", "reason"),
    [
        ((1, 4, None, None), None, "has 4 channels; expected 3, or 1"),
        ((1, 3, None), None, "has 3 dimensions; expected a picture's 4"),
        ((1, 3, 9000, 9000), None, "takes pictures of 9000x9000; expected 8192 at most"),
    ],
)
def test_what_is_no_picture_is_refused(tmp_path, given, made, reason):
    with pytest.raises(CheckpointError, match=reason):
        open_exported(negative(tmp_path / "m.onnx", given=given, made=made))


def test_a_network_that_changes_the_size_is_refused(tmp_path):
    weights = {"scales": np.array([1, 1, 2, 2], np.float32)}
    path = foreign(tmp_path / "m.onnx", node("Resize", "x  scales".replace("  ", " roi ")),
                   weights={**weights, "roi": np.zeros(0, np.float32)})  # fmt: skip
    with pytest.raises(CheckpointError, match="runs on no picture of"):
        open_exported(path)


def test_two_inputs_are_refused(tmp_path):
    path = negative(tmp_path / "m.onnx")
    model = onnx.load(str(path))
    model.graph.input.append(helper.make_tensor_value_info("z", onnx.TensorProto.FLOAT, (1,)))
    onnx.save(model, str(path))
    with pytest.raises(CheckpointError, match="has 2 inputs and 1 outputs; expected"):
        open_exported(path)


@pytest.mark.parametrize("ending", [".onnx", ".xml"])
@pytest.mark.parametrize("content", [b"", b"no network", b"\x08\x07\x12\x04test", b"<?xml?><net>"])
def test_damaged_files_are_one_line(tmp_path, ending, content):
    path = tmp_path / f"model{ending}"
    path.write_bytes(content)
    path.with_suffix(".bin").write_bytes(b"")
    with pytest.raises(CheckpointError, match=r"not a usable|holds no network") as caught:
        open_exported(path)
    assert "\n" not in str(caught.value)


def outside(path, location):
    negative(path)
    model = onnx.load(str(path))
    (tensor,) = model.graph.initializer
    tensor.ClearField("raw_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    for key, value in (("location", location), ("offset", "0"), ("length", "4")):
        tensor.external_data.add(key=key, value=value)
    path.write_bytes(model.SerializeToString())
    return path


def test_weights_beside_the_file_are_read(tmp_path):
    (tmp_path / "weights.bin").write_bytes(np.float32(0).tobytes())
    opened = open_exported(outside(tmp_path / "model.onnx", "weights.bin"))
    assert apart(Translator(opened.generator)(BEFORE), 255 - BEFORE) == 0


def test_weights_outside_the_folder_are_not_read(tmp_path):
    inside = tmp_path / "inside"
    inside.mkdir()
    (tmp_path / "secret").write_bytes(np.float32(0).tobytes())
    (inside / "link").symlink_to(tmp_path / "secret")
    for location in ("../secret", str(tmp_path / "secret"), "link", "absent", ""):
        with pytest.raises(CheckpointError, match="expected a file in its folder"):
            open_exported(outside(inside / "model.onnx", location))


def test_values_of_absurd_size_are_refused_before_they_are_made(tmp_path):
    steps = [
        node("ConstantOfShape", "huge", "a"),
        node("ReduceSum", "a", "b", keepdims=0),
        node("Add", "x b"),
    ]
    weights = {"huge": np.array([100_000, 100_000, 10])}
    with pytest.raises(CheckpointError, match="100000x100000x10, which no picture needs"):
        open_exported(foreign(tmp_path / "m.onnx", *steps, weights=weights))


@pytest.mark.parametrize(
    "damage",
    [
        {"stride": 0}, {"stride": 10**9}, {"format": 99}, {"precision": "int4"}, {"info": "{}"},
        {"palette": ["#12"]}, {"processing": True}, {"reach": "far"},
    ],
)  # fmt: skip
def test_damaged_metadata_is_one_line(tmp_path, damage):
    from tests.export.orders import order

    path = negative(tmp_path / "model.onnx")
    model = onnx.load(str(path))
    facts = json.loads(order().about.dump()) | damage
    helper.set_model_props(model, {"cyclekit": json.dumps(facts)})
    onnx.save(model, str(path))
    with pytest.raises(CheckpointError, match=r"damaged metadata|export format 99|damaged header"):
        open_exported(path)


def test_what_an_exported_file_cannot_do_is_one_line(tmp_path):
    generator = open_exported(negative(tmp_path / "m.onnx")).generator
    with pytest.raises(UsageError, match="leave --device cuda out"):
        Translator(generator, device="cuda")
    with pytest.raises(UsageError, match="--compile is for torch"):
        Translator(generator, compiled=True)
    with pytest.raises(UsageError, match="computes in fp32"):
        Translator(generator, precision="bf16")
    with pytest.raises(UsageError, match="unknown range"):
        open_exported(tmp_path / "m.onnx", "bright")


def test_16_bits_and_alpha_pass_through_a_network_of_floats(tmp_path):
    translator = Translator(open_exported(negative(tmp_path / "m.onnx", "0..1")).generator)
    deep = BEFORE.astype(np.uint16) * 257
    assert apart(translator(deep), 65535 - deep) <= 1
    clear = np.dstack([BEFORE, np.full(BEFORE.shape[:2], 7, np.uint8)])
    assert np.array_equal(translator(clear)[..., 3], clear[..., 3])


def test_a_palette_is_remembered(tmp_path):
    from dataclasses import replace

    from tests.export.orders import order

    path = negative(tmp_path / "model.onnx")
    model = onnx.load(str(path))
    about = replace(order().about, palette=("#0a0b0c", "#ffffff"))
    helper.set_model_props(model, {"cyclekit": about.dump()})
    onnx.save(model, str(path))
    colors = open_exported(path).generator.palette
    assert torch.equal(colors, torch.tensor([[10, 11, 12], [255, 255, 255]], dtype=torch.uint8))
