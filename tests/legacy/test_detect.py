import json
from pathlib import Path

import pytest

from cyclekit.errors import CheckpointError
from cyclekit.legacy.detect import detect, strip_wrappers
from cyclekit.registry import Spec

NAMES = Path(__file__).parents[1] / "names"

EXPECTED = {
    "resnet_9blocks": Spec("resnet9"),
    "resnet_6blocks": Spec("resnet6"),
    "resnet_9blocks_dropout": Spec("resnet9", {"dropout": 0.5}),
    "resnet_9blocks_old_statistics": Spec("resnet9"),
    "resnet_9blocks_batch": Spec("resnet9", {"norm": "batch_per_picture"}),
    "cut_resnet_9blocks": Spec("resnet9_antialias"),
    "cut_resnet_6blocks": Spec("resnet6_antialias"),
    "cut_resnet_9blocks_only_up": Spec("resnet9", {"up": "blur"}),
    "unet_256_batch": Spec("unet256", {"norm": "batch_per_picture"}),
    "unet_256_instance": Spec("unet256"),
    "unet_128_batch": Spec("unet128", {"norm": "batch_per_picture"}),
    "basic": Spec("patch"),
    "basic_batch": Spec("patch", {"norm": "batch_per_picture", "in_channels": 6}),
    "n_layers_5": Spec("patch", {"layers": 5}),
    "cut_basic": Spec("patch", {"antialias": True}),
    "pixel": Spec("pixel"),
    "cut_features": Spec("patch features (F of CUT)"),
}
GENERATORS = [name for name in EXPECTED if "resnet" in name or "unet" in name]


def shapes(name):
    listed = json.loads((NAMES / f"{name}.json").read_text())
    return {key: tuple(shape) for key, shape in listed.items()}


def test_every_published_list_is_tested():
    assert {path.stem for path in NAMES.glob("*.json")} == set(EXPECTED)


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_published_networks_are_recognised(name):
    layout = detect(shapes(name))
    assert layout.spec == EXPECTED[name]
    assert (layout.kind == "generator") == (name in GENERATORS)


@pytest.mark.parametrize("name", GENERATORS)
def test_every_published_tensor_has_a_place(name):
    modules = {module for module, _ in detect(shapes(name)).names}
    assert {key.rpartition(".")[0] for key in shapes(name)} <= modules


@pytest.mark.parametrize("name", ["cut_resnet_9blocks", "cut_basic"])
def test_filters_are_not_needed(name):
    without = {key: shape for key, shape in shapes(name).items() if not key.endswith("filt")}
    assert detect(without).spec == EXPECTED[name]


def test_wrappers_are_taken_off_together():
    keys = ["module.netG.model.1.weight", "module.netG.model.1.bias"]
    assert list(strip_wrappers(keys).values()) == ["model.1.weight", "model.1.bias"]
    assert strip_wrappers(["module.a", "b"]) == {"module.a": "module.a", "b": "b"}


@pytest.mark.parametrize(
    "found",
    [
        {"encoder.0.weight": (8, 3, 3, 3)},
        {"model.1.weight": (8, 3, 7, 7)},
        {"model.1.weight": (8, 3, 7, 7), "model.10.conv_block.1.weight": (32, 32, 3, 3)},
        {"model.0.weight": (8, 3, 3, 3)},
        {"model.model.0.weight": (8, 3, 4, 4)},
        {"model.model.0.weight": (8,), "model.model.1.model.3.model.1.weight": (8,)},
    ],
)
def test_unknown_layouts_are_shown_beside_what_was_expected(found):
    key, shape = next(iter(found.items()))
    with pytest.raises(CheckpointError) as caught:
        detect(found)
    assert f"{len(found)} tensors, first {key} {shape}" in str(caught.value)
    assert "expected a generator of CycleGAN or CUT (model.1.weight, 7x7)" in str(caught.value)
