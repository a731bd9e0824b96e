"""The architectures against the published lists, and what can be checked without the weights."""

import re
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import nn
from torch.nn import functional as F

from cyclekit.errors import CheckpointError
from cyclekit.media.resample import pil_bicubic
from cyclekit.models.features import FEATURES, Lpips
from cyclekit.models.features.base import FrozenNorm, fill, normalized
from cyclekit.models.features.dinov2 import Attention
from cyclekit.models.features.inception_blocks import EndBlock, PlainBlock
from cyclekit.registry import Spec
from tests.models.features.published import (
    VGG19_TO_4_1,
    count,
    dinov2_shapes,
    inception_shapes,
    lpips_shapes,
    mobilenet_shapes,
    randomly,
    torchscript_shapes,
    vgg_shapes,
)
from tests.tiny import picture

DATA = Path(__file__).parents[4] / "shared/data/weights"
MOBILENET, VGG = DATA / "mobilenet_v2-features.safetensors", DATA / "vgg19-relu4_1.safetensors"
HEADS = DATA / "lpips/vgg.pth"


def build(name, weights, **metadata):
    return FEATURES.create(Spec(name), weights=weights, metadata=metadata)


def levels(count=1, side=224, seed=0):
    return torch.rand(count, 3, side, side, generator=torch.Generator().manual_seed(seed)) * 255


@pytest.fixture(scope="module")
def inception():
    return randomly(inception_shapes())


def test_published_lists_have_the_published_counts():
    assert count(mobilenet_shapes()) == 3_504_872 - 1_281_000  # torchvision: all, classifier
    without_classes = count(inception_shapes()) - 1008 * 2049
    assert without_classes == 27_161_264 - 3_326_696 - 1000 * 2049  # torchvision: all, auxiliary
    assert count(lpips_shapes()) == 14_714_688 + 1_472  # the paper's table 2; heads
    # Sizes of the published files in bytes; torch adds about 300 a tensor.
    files = {(384, 12): 88_283_115, (768, 12): 346_378_731, (1024, 24): 1_217_586_395}
    for (width, depth), size in files.items():
        shapes = dinov2_shapes(width, depth)
        assert 0 < size - 4 * count(shapes) < 400 * len(shapes)
    shapes = inception_shapes()
    assert 0 < 95_628_359 - 4 * count(shapes, buffers=True) < 400 * len(shapes)


@pytest.mark.parametrize(
    ("name", "shapes", "width", "places"),
    [
        ("mobilenet", mobilenet_shapes(), 1280, (96, 14, 14)),
        ("vgg", vgg_shapes(VGG19_TO_4_1), 512, (512, 28, 28)),
        ("dinov2", dinov2_shapes(384, 2), 384, (384, 16, 16)),
    ],
)
def test_a_network_takes_all_published_weights_and_describes(name, shapes, width, places):
    weights = randomly(shapes)
    network = build(name, weights)
    with torch.inference_mode():
        found = network(levels(2))
    assert found.pooled.shape == (2, width) == (2, network.width)
    assert found.places.shape == (2, *places)
    assert found.pooled.isfinite().all()
    assert not torch.equal(found.pooled[0], found.pooled[1])
    last = list(weights)[-1]
    with pytest.raises(CheckpointError, match=f"'{re.escape(last)}' is missing"):
        build(name, {key: weights[key] for key in weights if key != last})
    with pytest.raises(CheckpointError, match=r"is \(7,\), not"):
        build(name, {**weights, last: torch.zeros(7)})


def test_inception_has_the_sizes_of_the_papers_table(inception):
    network = build("inception", inception)
    sizes = {"Mixed_5d": (288, 35, 35), "Mixed_6e": (768, 17, 17), "Mixed_7c": (2048, 8, 8)}
    seen = {}
    for name in sizes:
        layer = network.layers.get_submodule(name)
        layer.register_forward_hook(lambda _m, _i, out, name=name: seen.update({name: out}))
    with torch.inference_mode():
        found = network(levels(side=299))
    assert {name: tuple(out.shape[1:]) for name, out in seen.items()} == sizes
    assert torch.equal(found.places, seen["Mixed_6e"])
    assert torch.allclose(found.pooled, seen["Mixed_7c"].mean((2, 3)))


def test_both_forms_of_the_fid_weights_are_one_network(inception):
    """The values of one form, given to the other by the order of layers and shapes."""
    from cyclekit.models.features.inception_keys import torchscript_names

    script = {}
    for theirs, ours in torchscript_names().items():
        script[f"layers.{theirs}.conv.weight"] = inception[f"{ours}.conv.weight"]
        for what in ("bias", "running_mean", "running_var"):
            script[f"layers.{theirs}.bn.{what}"] = inception[f"{ours}.bn.{what}"]
    script |= {f"output.{what}": inception[f"fc.{what}"] for what in ("weight", "bias")}
    assert {key: tuple(tensor.shape) for key, tensor in script.items()} == torchscript_shapes()
    with torch.inference_mode():
        one, other = (build("fid", w)(levels(side=299)).pooled for w in (inception, script))
    assert torch.equal(one, other)


def test_each_inception_brings_pictures_to_its_input_as_its_origin_does(inception):
    fid, clean = build("fid", inception), build("inception", inception)
    image = picture(150, 100)
    as_batch = torch.from_numpy(image).permute(2, 0, 1)[None].float()
    bilinear = F.interpolate(as_batch, (299, 299), mode="bilinear", align_corners=False)
    assert torch.equal(torch.from_numpy(fid.fit(image)), bilinear[0].permute(1, 2, 0))
    assert np.array_equal(clean.fit(image), pil_bicubic(image, 299, 299))
    seen = []
    fid.describe = clean.describe = seen.append
    fid(bilinear)
    clean(bilinear)
    assert torch.equal(seen[0], 2 * (bilinear / 255) - 1)
    assert torch.equal(seen[1], (bilinear - 128) / 128)
    assert (fid.frechet_name, fid.kernel_name) == ("FID", "KID")
    assert (fid.resize, clean.resize) == ("torch-bilinear-299", "pil-bicubic-299")
    assert clean.frechet_name == "FD-InceptionV3"


def test_another_inception_is_refused(inception):
    classes = {"fc.weight": torch.zeros(1000, 2048)}
    with pytest.raises(CheckpointError, match=r"not the one of the FID.* this has 1,000 classes"):
        build("fid", inception | classes)
    scaled = {"Conv2d_1a_3x3.bn.weight": torch.full((32,), 0.3)}
    with pytest.raises(CheckpointError, match="norms without weights"):
        build("fid", inception | scaled)


def test_pools_of_inception_are_those_of_the_original_graph():
    ones = torch.ones(1, 8, 5, 5)
    plain, end = PlainBlock(8, 4), EndBlock(8, pool_by_maximum=True)
    fed = {}
    plain.branch_pool.register_forward_pre_hook(lambda _m, x: fed.update(plain=x[0]))
    end.branch_pool.register_forward_pre_hook(lambda _m, x: fed.update(end=x[0]))
    with torch.inference_mode():
        plain.eval()(ones), end.eval()(levels(side=5)[:, :1].expand(-1, 8, -1, -1))
    assert torch.allclose(fed["plain"], ones)  # zeros of the padding would lower the border
    assert float(fed["end"][0, 0, 0, 0]) == float(levels(side=5)[0, 0, :2, :2].max())


def test_attention_is_torchs_own_attention():
    own, theirs = Attention(128), nn.MultiheadAttention(128, 2, batch_first=True)
    theirs.in_proj_weight, theirs.in_proj_bias = own.qkv.weight, own.qkv.bias
    theirs.out_proj = own.proj
    tokens = torch.randn(2, 5, 128, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        expected, _ = theirs(tokens, tokens, tokens)
        assert torch.allclose(own(tokens), expected, atol=1e-5)
        split = own.qkv(tokens).unflatten(2, (3, 128))
        assert torch.allclose(own.keys(tokens), split[:, :, 1], atol=1e-6)


def test_positions_of_the_trained_size_are_taken_as_they_are():
    network = build("dinov2", randomly(dinov2_shapes(384, 1)))
    assert torch.equal(network._positions(37, 37), network.pos_embed)
    assert network._positions(16, 20).shape == (1, 1 + 320, 384)


def test_registers_are_used_and_the_giant_is_refused():
    shapes = dinov2_shapes(384, 1) | {"register_tokens": (1, 4, 384)}
    with torch.inference_mode():
        found = build("dinov2", randomly(shapes))(levels())
    assert found.places.shape == (1, 384, 16, 16)
    with pytest.raises(CheckpointError, match="'cls_token' 384, 768 or 1024 wide, it is 1536"):
        build("dinov2", {"cls_token": torch.zeros(1, 1, 1536)})
    with pytest.raises(CheckpointError, match="not weights of DINOv2 S, B or L"):
        build("dinov2", {})


def test_lpips_is_its_formula():
    weights = randomly(lpips_shapes())
    network = Lpips(weights)
    a, b = levels(side=32), levels(side=32, seed=1)
    shift, scale = torch.tensor([-0.030, -0.088, -0.188]), torch.tensor([0.458, 0.448, 0.450])
    x, y = (((p / 127.5 - 1) - shift[:, None, None]) / scale[:, None, None] for p in (a, b))
    total, position, head = 0.0, 0, 0
    for convolutions in (2, 2, 3, 3, 3):
        for _ in range(convolutions):
            w, c = weights[f"features.{position}.weight"], weights[f"features.{position}.bias"]
            x, y = (F.relu(F.conv2d(p, w, c, padding=1)) for p in (x, y))
            position += 2
        difference = F.normalize(x, dim=1, eps=1e-10) - F.normalize(y, dim=1, eps=1e-10)
        weighted = difference.square() * weights[f"lin{head}.model.1.weight"].view(-1, 1, 1)
        total += float(weighted.sum(1).mean())
        x, y = F.max_pool2d(x, 2), F.max_pool2d(y, 2)
        position, head = position + 1, head + 1
    with torch.inference_mode():
        assert float(network(a, b)) == pytest.approx(total, rel=1e-4)
        assert float(network(a, a)) == 0


def test_folded_norms_compute_what_norms_compute():
    class Pair(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.bn = nn.Conv2d(3, 4, 3, bias=False), FrozenNorm(4, eps=1e-3)

    draws = torch.Generator().manual_seed(0)
    weights = {"conv.weight": torch.randn(4, 3, 3, 3, generator=draws)}
    for what in ("weight", "bias", "running_mean", "running_var"):
        weights[f"bn.{what}"] = torch.rand(4, generator=draws) + 0.5
    plain = F.batch_norm(
        F.conv2d(levels(side=8), weights["conv.weight"]),
        weights["bn.running_mean"], weights["bn.running_var"],
        weights["bn.weight"], weights["bn.bias"], eps=1e-3,
    )  # fmt: skip
    pair = Pair()
    fill(pair, weights, "a pair")
    assert isinstance(pair.bn, nn.Identity)
    assert torch.allclose(pair.conv(levels(side=8)), plain, atol=1e-3)
    assert not any(parameter.requires_grad for parameter in pair.parameters())


def test_vgg_of_caffe_wants_bgr_levels_and_torchvisions_normalised_rgb():
    weights = randomly(vgg_shapes(VGG19_TO_4_1))
    seen = {}
    for name, metadata in (("caffe", {"input": "BGR, 0..255"}), ("torchvision", {})):
        network = build("vgg", weights, **metadata)
        network.features[0].register_forward_pre_hook(lambda _m, x, n=name: seen.update({n: x[0]}))
        network(levels())
    rgb = levels()
    assert torch.equal(seen["torchvision"], normalized(rgb))
    assert torch.allclose(seen["caffe"][:, 0], rgb[:, 2] - 103.939)
    assert torch.allclose(seen["caffe"][:, 2], rgb[:, 0] - 123.68)


@pytest.mark.data
@pytest.mark.skipif(not MOBILENET.is_file(), reason=f"{MOBILENET} is absent")
def test_real_mobilenet_weights_have_exactly_the_listed_keys_and_tell_pictures_apart():
    weights = load_file(MOBILENET)
    assert {key: tuple(tensor.shape) for key, tensor in weights.items()} == mobilenet_shapes()
    network = build("mobilenet", weights)
    smooth = torch.linspace(0, 255, 224).expand(1, 3, 224, 224)
    with torch.inference_mode():
        found = network(torch.cat([smooth, smooth + 3, levels()])).pooled
    near, far = (found[0] - found[1]).norm(), (found[0] - found[2]).norm()
    assert float(near) < 0.3 * float(far)
    assert 0.1 < float(found[0].mean()) < 1  # the last ReLU6 of ImageNet features


@pytest.mark.data
@pytest.mark.skipif(not VGG.is_file() or not HEADS.is_file(), reason=f"{DATA} is incomplete")
def test_real_vgg_weights_and_lpips_heads_have_exactly_the_listed_keys():
    weights = load_file(VGG)
    listed = vgg_shapes(VGG19_TO_4_1)
    assert {key: tuple(tensor.shape) for key, tensor in weights.items()} == listed
    assert build("vgg", weights, input="BGR")(levels()).pooled.isfinite().all()
    heads = torch.load(HEADS, map_location="cpu", weights_only=True)
    assert heads.items() <= {**heads}.items()
    shapes = {key: tuple(tensor.shape) for key, tensor in heads.items()}
    assert shapes.items() <= lpips_shapes().items()
    assert len(shapes) == 5
    assert all(np.all(tensor.numpy() >= 0) for tensor in heads.values())
