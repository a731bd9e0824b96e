import json

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from cyclekit.checkpoint.header import FORMAT, KEY
from cyclekit.checkpoint.model import (
    Critics,
    ModelInfo,
    is_model,
    load_discriminator,
    load_model,
    read_info,
    save_model,
)
from cyclekit.errors import CheckpointError, UnknownNameError
from cyclekit.models import DISCRIMINATORS, GENERATORS
from cyclekit.registry import Spec
from tests.tiny import batch, tiny_generator, tiny_model, tiny_noise_model, tiny_spec

SPEC = tiny_spec(GENERATORS, "mobile")
HEADER = {
    "format": FORMAT,
    "generator": {"name": "mobile", "width": 8, "blocks": 1},
    "names": ["A", "B"],
    "directions": ["ab"],
    "provenance": {},
}
CRITICS = {
    "discriminator": {"name": "patch", "layers": 1, "width": 8},
    "adversarial": "lsgan",
    "domains": ["b"],
}


def write(path, weights=None, **changes):
    """Write a model file of one direction whose header is changed; None takes an entry away."""
    header = {key: value for key, value in (HEADER | changes).items() if value is not None}
    if weights is None:
        weights = {f"ab.{key}": value for key, value in tiny_generator().state_dict().items()}
    save_file(weights, path, metadata={KEY: json.dumps(header)})
    return path


def test_a_model_comes_back_with_all_it_says(tmp_path):
    path = tiny_model(tmp_path / "model.safetensors")
    generator, info, direction = load_model(path)
    assert info == ModelInfo(SPEC, ("horse", "zebra"), ("ab", "ba"), {"images": 12})
    assert direction == "ab"
    assert not generator.training
    assert torch.equal(generator(batch()), tiny_generator()(batch()))
    assert read_info(path) == info


def test_the_two_directions_keep_apart(tmp_path):
    forth, back = tiny_generator(), tiny_generator()
    torch.nn.init.constant_(back.head.conv.bias, 0.5)
    save_model(tmp_path / "m.safetensors", {"ab": forth, "ba": back}, ModelInfo(SPEC))
    for direction, expected in (("ab", forth), ("ba", back)):
        loaded, _, _ = load_model(tmp_path / "m.safetensors", direction)
        assert torch.equal(loaded(batch()), expected(batch()))


@pytest.mark.parametrize(
    ("wanted", "direction"),
    [
        (None, "ab"),
        ("ab", "ab"),
        ("zebra", "ab"),
        ("horse-to-zebra", "ab"),
        ("ba", "ba"),
        ("horse", "ba"),
        ("zebra-to-horse", "ba"),
    ],
)
def test_a_direction_has_several_names(wanted, direction):
    assert ModelInfo(SPEC, ("horse", "zebra")).find(wanted) == direction


@pytest.mark.parametrize("directions", [("ab", "ba"), ("ba", "ab")])
def test_a_domain_wins_over_a_direction_of_the_same_name(directions):
    info = ModelInfo(SPEC, ("ab", "ba"), directions)
    assert (info.find("ba"), info.find("ab")) == ("ab", "ba")
    assert (info.find("ab-to-ba"), info.find("ba-to-ab")) == ("ab", "ba")


def test_domains_follow_the_direction():
    info = ModelInfo(SPEC, ("horse", "zebra"))
    assert (info.domains("ab"), info.domains("ba")) == (("horse", "zebra"), ("zebra", "horse"))


def test_the_only_direction_is_the_default():
    assert ModelInfo(SPEC, directions=("ba",)).find(None) == "ba"


def test_an_unknown_direction_gets_a_suggestion():
    with pytest.raises(UnknownNameError, match=r"unknown direction 'zebr'; did you mean 'zebra'\?"):
        ModelInfo(SPEC, ("horse", "zebra")).find("zebr")


def test_networks_must_be_those_that_the_info_names(tmp_path):
    with pytest.raises(ValueError, match=r"directions \('ab', 'ba'\) but networks for \('ab',\)"):
        save_model(tmp_path / "m.safetensors", {"ab": tiny_generator()}, ModelInfo(SPEC))
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_left_behind_when_writing_fails(tmp_path):
    (tmp_path / "m.safetensors").mkdir()
    info = ModelInfo(SPEC, directions=("ab",))
    with pytest.raises(CheckpointError, match=r"m\.safetensors: cannot be written: Is a directory"):
        save_model(tmp_path / "m.safetensors", {"ab": tiny_generator()}, info)
    assert [path.name for path in tmp_path.iterdir()] == ["m.safetensors"]


def test_a_file_where_a_folder_should_be_is_reported(tmp_path):
    (tmp_path / "file").touch()
    info = ModelInfo(SPEC, directions=("ab",))
    with pytest.raises(CheckpointError, match="cannot be written"):
        save_model(tmp_path / "file" / "m.safetensors", {"ab": tiny_generator()}, info)


def test_a_failed_write_keeps_the_old_model(tmp_path):
    path = tiny_model(tmp_path / "model.safetensors")
    before = path.read_bytes()
    with pytest.raises(TypeError, match="not JSON serializable"):
        save_model(
            path,
            {"ab": tiny_generator()},
            ModelInfo(SPEC, directions=("ab",), provenance={"x": {1}}),
        )
    assert path.read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"format": FORMAT + 1},
            f"format {FORMAT + 1}, this cyclekit reads up to {FORMAT}; upgrade",
        ),
        ({"format": None}, "damaged header"),
        ({"format": "new"}, "damaged header"),
        ({"generator": "mobile"}, "damaged header"),
        ({"generator": {}}, "damaged header"),
        ({"names": ["A"]}, "damaged header"),
        ({"directions": []}, r"damaged header \(directions \(\)\)"),
        ({"directions": ["ac"]}, "damaged header"),
        ({"kind": ["x"]}, "damaged header"),
        ({"directions": [["ab"]]}, "damaged header"),
        ({"directions": 1}, "damaged header"),
        ({"provenance": 3}, "damaged header"),
        ({"critics": 3}, "damaged header"),
        ({"critics": {}}, "damaged header"),
        ({"critics": {**CRITICS, "domains": ["c"]}}, r"damaged header \(critics of \('c',\)\)"),
        ({"generator": {"name": "mobil"}}, "unknown generator 'mobil'; did you mean 'mobile'"),
        ({"generator": {"name": "mobile", "depth": 3}}, "has no option 'depth'"),
        ({"generator": {"name": "mobile", "width": "8"}}, "'mobile'"),
        (
            {"generator": {"name": "mobile", "width": 16, "blocks": 1}},
            "weights do not fit 'mobile'",
        ),
        ({"generator": {"name": "mobile", "width": 60_000, "blocks": 1}}, "weights do not fit"),
        ({"generator": {"name": "mobile", "width": 4 * 10**7}}, "width must be at most 65536"),
        ({"directions": ["ba"]}, "weights do not fit 'mobile'"),
    ],
)
def test_a_damaged_header_is_refused_in_one_line(changes, message, tmp_path):
    path = write(tmp_path / "model.safetensors", **changes)
    with pytest.raises(CheckpointError, match=message) as caught:
        load_model(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("name", "option"), [("mobile", "blocks"), ("unet", "depth")])
def test_a_header_cannot_ask_for_more_parts_than_there_are_tensors(name, option, tmp_path):
    path = tmp_path / "m.safetensors"
    write(path, {"ab.x": torch.ones(1)}, generator={"name": name, option: 10**9})
    with pytest.raises(CheckpointError, match=f"{option}=1000000000, but the file holds 1 tensors"):
        load_model(path)


def test_a_header_that_is_no_json_is_refused(tmp_path):
    save_file({"a": torch.ones(1)}, tmp_path / "m.safetensors", metadata={KEY: "{"})
    with pytest.raises(CheckpointError, match="damaged header"):
        read_info(tmp_path / "m.safetensors")


@pytest.mark.parametrize("levels", [70, 600, 100_000])
def test_a_header_deeper_than_any_is_refused(levels, tmp_path):
    text = json.dumps({**HEADER, "provenance": {"a": "deep"}})
    deep = text.replace('"deep"', "[" * levels + "]" * levels)
    save_file({"a": torch.ones(1)}, tmp_path / "m.safetensors", metadata={KEY: deep})
    with pytest.raises(CheckpointError, match=r"damaged header \(nested more than 64 levels deep"):
        read_info(tmp_path / "m.safetensors")


def test_a_missing_tensor_is_named(tmp_path):
    weights = {f"ab.{key}": value for key, value in tiny_generator().state_dict().items()}
    del weights["ab.head.conv.bias"]
    with pytest.raises(CheckpointError, match=r"weights do not fit 'mobile': .*head\.conv\.bias"):
        load_model(write(tmp_path / "m.safetensors", weights))


def test_files_of_others_are_told_apart(tmp_path):
    save_file({"a": torch.ones(1)}, tmp_path / "other.safetensors")
    (tmp_path / "text.safetensors").write_text("hello")
    (tmp_path / "empty.safetensors").touch()
    with pytest.raises(
        CheckpointError, match="a safetensors file, but not one that cyclekit wrote"
    ):
        read_info(tmp_path / "other.safetensors")
    for name in ("text", "empty", "missing"):
        with pytest.raises(CheckpointError, match="not a safetensors file"):
            read_info(tmp_path / f"{name}.safetensors")
    assert not any(is_model(path) for path in tmp_path.iterdir())
    assert is_model(write(tmp_path / "ours.safetensors"))


def test_a_file_cut_short_is_refused(tmp_path):
    path = tiny_model(tmp_path / "m.safetensors")
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(CheckpointError, match="not a safetensors file"):
        load_model(path)


def test_the_kind_of_generator_is_free(tmp_path):
    info = ModelInfo(Spec("resnet", {"width": 8, "blocks": 1}), directions=("ba",))
    save_model(tmp_path / "new" / "m.safetensors", {"ba": tiny_generator("resnet")}, info)
    assert load_model(tmp_path / "new" / "m.safetensors")[2] == "ba"


def test_discriminators_travel_with_the_model(tmp_path):
    critics = Critics(tiny_spec(DISCRIMINATORS, "patch", layers=1), "hinge", ("b",))
    judge = DISCRIMINATORS.create(critics.discriminator).eval()
    info = ModelInfo(SPEC, directions=("ab",), critics=critics)
    save_model(tmp_path / "m.safetensors", {"ab": tiny_generator()}, info, {"b": judge})
    assert read_info(tmp_path / "m.safetensors") == info
    loaded = load_discriminator(tmp_path / "m.safetensors", critics, "b")
    assert torch.equal(loaded(batch()), judge(batch()))
    generator, _, _ = load_model(tmp_path / "m.safetensors")
    assert torch.equal(generator(batch()), tiny_generator()(batch()))
    with pytest.raises(ValueError, match="but discriminators for"):
        save_model(tmp_path / "n.safetensors", {"ab": tiny_generator()}, info)


def test_a_header_cannot_lie_about_a_discriminator(tmp_path):
    path = write(tmp_path / "m.safetensors", critics=CRITICS)
    with pytest.raises(CheckpointError, match="weights do not fit 'patch'"):
        load_discriminator(path, read_info(path).critics, "b")
    long = Critics(Spec("patch", {"layers": 10**9}), "lsgan", ("b",))
    with pytest.raises(CheckpointError, match="layers=1000000000, but the file holds 0 tensors"):
        load_discriminator(path, long, "b")


def test_a_file_of_the_first_format_is_a_translator(tmp_path):
    path = write(tmp_path / "old.safetensors", format=1)
    assert read_info(path).kind == "translator"
    assert torch.equal(load_model(path)[0](batch()), tiny_generator()(batch()))


def test_a_noise_model_comes_back_with_all_it_says(tmp_path):
    path = tiny_noise_model(tmp_path / "m.safetensors")
    generator, info, direction = load_model(path)
    assert (info.kind, info.names, direction) == ("noise", ("cat", "dog", "owl"), "noise")
    assert info.abilities() == ("noise-to-cat", "noise-to-dog", "noise-to-owl")
    inputs = generator.inputs(range(3), 0)
    assert torch.equal(generator(*inputs), tiny_generator("biggan", classes=3)(*inputs))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"kind": "poem"}, "holds a 'poem'; expected translator or noise"),
        ({"kind": "translator"}, "damaged header"),
        ({"directions": ["ab"]}, r"damaged header \(directions"),
        ({"names": []}, r"damaged header \(names"),
        ({"names": ["cat", "dog"]}, "knows 3 classes, but 2 are named"),
        ({"generator": {"name": "mobile", "width": 8}}, "weights do not fit 'mobile'"),
        ({"generator": {"name": "biggan", "side": 12}}, "side must be 8, 16"),
        ({"generator": {"name": "biggan", "side": 2**40}}, "side must be at most 65536"),
        ({"generator": {"name": "biggan", "classes": 10**15}}, "biggan"),
        ({"critics": CRITICS}, r"damaged header \(critics of \('b',\)\)"),
    ],
)
def test_a_noise_header_that_lies_is_refused(tmp_path, changes, message):
    path = tiny_noise_model(tmp_path / "m.safetensors")
    with safe_open(path, framework="pt") as file:
        header = json.loads(file.metadata()[KEY])
        weights = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 (no mapping)
    save_file(weights, path, metadata={KEY: json.dumps(header | changes)})
    with pytest.raises(CheckpointError, match=message):
        load_model(path)


def test_the_kind_in_the_header_must_be_the_generators(tmp_path):
    weights = {f"noise.{key}": value for key, value in tiny_generator().state_dict().items()}
    path = write(tmp_path / "m.safetensors", weights, kind="noise", directions=["noise"])
    with pytest.raises(CheckpointError, match="'mobile' is no noise generator; the header is dam"):
        load_model(path)
