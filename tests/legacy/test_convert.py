import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from cyclekit.checkpoint.model import load_model, save_model
from cyclekit.errors import CheckpointError, ConfigError
from cyclekit.legacy.convert import convert
from tests.legacy.published import AFFINE, BATCH, TRACKING, randomize, resnet, unet
from tests.tiny import batch

NAMES = Path(__file__).parents[1] / "names"

PUBLISHED = {
    "resnet_9blocks": lambda: resnet(9),
    "resnet_6blocks": lambda: resnet(6),
    "resnet_9blocks_dropout": lambda: resnet(9, dropout=True),
    "resnet_9blocks_batch": lambda: resnet(9, norm=BATCH, bias=False),
    "cut_resnet_9blocks": lambda: resnet(9, blur_down=True, blur_up=True),
    "cut_resnet_6blocks": lambda: resnet(6, blur_down=True, blur_up=True),
    "cut_resnet_9blocks_only_up": lambda: resnet(9, blur_up=True),
    "unet_256_batch": lambda: unet(8, norm=BATCH, dropout=True),
    "unet_128_batch": lambda: unet(7, norm=BATCH),
    "unet_256_instance": lambda: unet(8),
}
UNLISTED = {
    "resnet of 3 blocks": lambda: resnet(3, width=5),
    "affine": lambda: resnet(2, norm=AFFINE, block="block"),
    "batch norm after biases": lambda: resnet(2, norm=BATCH),
    "only down": lambda: resnet(2, blur_down=True),
    "no norm": lambda: resnet(2, norm=lambda _: nn.Identity(), bias=False),
    "unet of 5 levels": lambda: unet(5),
    "unet of 6 levels": lambda: unet(6, norm=BATCH),
}


def saved(path, network):
    torch.save(network.state_dict(), path)
    return path


def difference(generator, network):
    """Compare outputs; batch norms test with the picture's own statistics, as published."""
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.train()
    side = max(16, 2 * generator.stride)
    x = batch(1, side, side)
    with torch.inference_mode():
        return (generator(x) - network(x)).abs().max().item()


@pytest.mark.parametrize("name", sorted(PUBLISHED))
def test_the_reference_has_the_published_keys(name):
    published = json.loads((NAMES / f"{name}.json").read_text())
    reference = PUBLISHED[name]().state_dict()
    assert set(reference) == set(published)


@pytest.mark.parametrize(
    "build", [*PUBLISHED.values(), *UNLISTED.values()], ids=[*PUBLISHED, *UNLISTED]
)
def test_converted_generators_compute_what_the_published_do(build, tmp_path):
    network = randomize(build())
    generator, _ = convert(saved(tmp_path / "latest_net_G.pth", network))
    assert not generator.training
    assert difference(generator, network) < 1e-5


def test_old_statistics_of_instance_norms_change_nothing(tmp_path):
    old = randomize(resnet(9, norm=TRACKING))
    listed = json.loads((NAMES / "resnet_9blocks_old_statistics.json").read_text())
    assert set(old.state_dict()) == set(listed)
    torch.save(old.state_dict(), tmp_path / "old.pth", _use_new_zipfile_serialization=False)
    plain = resnet(9)
    plain.load_state_dict({key: old.state_dict()[key] for key in plain.state_dict()})
    assert difference(convert(tmp_path / "old.pth")[0], plain) < 1e-5


@pytest.mark.parametrize(
    "wrap",
    [
        lambda weights: {f"module.{key}": value for key, value in weights.items()},
        lambda weights: {"epoch": 3, "state_dict": weights},
        lambda weights: {
            "opt": {"lr": 0.1},
            "models": {"netD": {"x": torch.ones(1)}, "netG": weights},
        },
        lambda weights: {key: value for key, value in weights.items() if "filt" not in key},
    ],
    ids=["data parallel", "state_dict", "nested", "no filters"],
)
def test_wrapped_weights_are_found(wrap, tmp_path):
    network = randomize(resnet(2, blur_down=True, blur_up=True))
    torch.save(wrap(network.state_dict()), tmp_path / "net.pth")
    assert difference(convert(tmp_path / "net.pth")[0], network) < 1e-5


def test_half_precision_and_safetensors_are_read(tmp_path):
    network = randomize(resnet(2)).half().float()
    half = {key: value.half() for key, value in network.state_dict().items()}
    save_file(half, tmp_path / "net.safetensors")
    assert difference(convert(tmp_path / "net.safetensors")[0], network) < 1e-5


@pytest.mark.parametrize(
    ("name", "direction", "names"),
    [
        ("latest_net_G_A.pth", "ab", ("A", "B")),
        ("latest_net_G_B.pth", "ba", ("A", "B")),
        ("vintagify-0.1.2-G_A2B.pth", "ab", ("A", "B")),
        ("G_BA.pth", "ba", ("A", "B")),
        ("200_net_G.pth", "ab", ("A", "B")),
        ("horse2zebra.pth", "ab", ("horse", "zebra")),
        ("summer2winter_yosemite.pth", "ab", ("summer", "winter")),
        ("facades_label2photo.pth", "ab", ("label", "photo")),
        ("horse2zebra_pretrained/latest_net_G_B.pth", "ba", ("horse", "zebra")),
    ],
)
def test_file_names_tell_direction_and_domains(name, direction, names, tmp_path):
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    _, info = convert(saved(path, resnet(1)))
    assert (info.directions, info.names) == ((direction,), names)
    assert info.provenance["converted_from"] == path.name


def test_batch_norm_goes_on_in_its_published_mode(tmp_path):
    generator, info = convert(saved(tmp_path / "net.pth", unet(5, norm=BATCH)))
    assert info.generator.options["norm"] == "batch_per_picture"
    save_model(tmp_path / "net.safetensors", {"ab": generator}, info)
    again, _, _ = load_model(tmp_path / "net.safetensors")
    pictures = batch(2, 32, 32)
    together, alone = again(pictures), torch.cat([again(one) for one in pictures.split(1)])
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=0)


@pytest.mark.parametrize("name", ["basic", "pixel", "cut_features"])
def test_other_networks_are_named_and_refused(name, tmp_path):
    listed = json.loads((NAMES / f"{name}.json").read_text())
    shrunk = {key: [min(side, 8) for side in shape] for key, shape in listed.items()}
    torch.save({key: torch.zeros(shape) for key, shape in shrunk.items()}, tmp_path / "net.pth")
    with pytest.raises(CheckpointError, match=r"net.pth: a (discriminator|features) \(.*a G file"):
        convert(tmp_path / "net.pth")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda w: w.pop("model.4.weight"), r"model\.4\.weight is missing"),
        (
            lambda w: w.update({"model.99.weight": torch.ones(1)}),
            "1 tensors .* first model.99.weight",
        ),
        (lambda w: w.update({"model.4.scale": torch.ones(1)}), r"model\.4\.scale has no place"),
        (
            lambda w: w.update({"model.4.weight": torch.ones(4, 2, 5, 5)}),
            r"shape \(4, 2, 5, 5\), exp",
        ),
        (lambda w: w["model.7.filt"].mul_(2), r"model\.7\.filt is not the filter"),
    ],
)
def test_networks_that_are_almost_known_are_refused_in_one_line(change, message, tmp_path):
    weights = resnet(2, blur_down=True, blur_up=True).state_dict()
    change(weights)
    torch.save(weights, tmp_path / "net.pth")
    with pytest.raises(CheckpointError, match=message) as caught:
        convert(tmp_path / "net.pth")
    assert "\n" not in str(caught.value)


def test_a_network_that_cannot_be_built_is_the_files_fault(tmp_path, monkeypatch):
    def refuse(spec):
        raise ConfigError("generator 'resnet': no memory")

    path = saved(tmp_path / "latest_net_G.pth", resnet(1))
    monkeypatch.setattr("cyclekit.legacy.convert.GENERATORS.create", refuse)
    with pytest.raises(CheckpointError, match="like resnet, but generator 'resnet': no memory"):
        convert(path)
