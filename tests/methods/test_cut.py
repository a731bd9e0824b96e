import pytest
import torch

from cyclekit.errors import ConfigError
from cyclekit.losses.contrastive import patch_nce
from cyclekit.methods.cut import CUT
from cyclekit.methods.draws import Draws
from cyclekit.models import DISCRIMINATORS, GENERATORS
from cyclekit.registry import Spec
from tests.tiny import batch, tiny_spec


def tiny_cut(generator="mobile", **options):
    torch.manual_seed(0)
    options = {"embedding": 8, "patches": 5} | options
    critic = tiny_spec(DISCRIMINATORS, "patch", layers=1)
    return CUT(tiny_spec(GENERATORS, generator), critic, **options)


def data():
    return {"a": batch(2, seed=1), "b": batch(2, seed=2)}


def players(method, seed=3):
    inputs = data()
    return inputs, method(inputs, seed)


def nce_by_hand(method, source, output, seed, flip=lambda feature: feature):
    """Spell out NCE for layers picture and blocks.0 of the mobile generator."""

    def features(x):
        generator = method.g_ab
        return x, generator.blocks[0](generator.down(generator.stem(x)))

    total = 0.0
    pairs = zip(features(source), features(output), strict=True)
    for layer, (key, query) in enumerate(pairs):
        places = Draws(seed, f"places {layer}", key).places(key[0, 0].numel(), 5)
        vectors = []
        for feature in (flip(query), key):
            rows = feature.flatten(2)[:, :, places].transpose(1, 2)
            raw = method.heads.heads[layer](rows)
            vectors.append(raw / raw.norm(dim=2, keepdim=True))
        total = total + patch_nce(*vectors)
    return total / 2


LAYERS = {"layers": ["picture", "blocks.0"]}


def test_losses_are_the_papers():
    method = tiny_cut(nce=3.0, nce_identity=2.0, **LAYERS)
    inputs, images = players(method)
    losses = method.losses("generators", inputs, images, seed=3)
    a, b = inputs["a"], inputs["b"]
    expected = {
        "gan_ab": (method.d_b(method.g_ab(a)) - 1).square().mean(),
        "nce": 3 * nce_by_hand(method, a, method.g_ab(a), 3),
        "nce_identity": 2 * nce_by_hand(method, b, method.g_ab(b), 4),
    }
    assert losses.keys() == expected.keys()
    for name, value in expected.items():
        torch.testing.assert_close(losses[name], value, msg=name)
    judged = (method.d_b(b) - 1).square().mean() + method.d_b(images["fake_b"]).square().mean()
    found = method.losses("discriminators", inputs, images, seed=3)["d_b"]
    torch.testing.assert_close(found, judged / 2)


def test_flip_equivariance_translates_the_mirrored_picture():
    method = tiny_cut(flip_equivariance=1.0, nce=1.0, nce_identity=0.0, **LAYERS)
    inputs, images = players(method)
    fake = method.g_ab(inputs["a"].flip(3))
    assert images.keys() == {"fake_b"}
    torch.testing.assert_close(images["fake_b"], fake)
    expected = nce_by_hand(method, inputs["a"], fake, 3, flip=lambda feature: feature.flip(3))
    torch.testing.assert_close(method.losses("generators", inputs, images, 3)["nce"], expected)


def test_half_of_the_steps_are_mirrored():
    method, like = tiny_cut(flip_equivariance=0.5), batch()
    mirrored = sum(method._mirrored(seed, like) for seed in range(200))
    assert 70 < mirrored < 130


def test_negatives_may_be_those_of_the_whole_batch():
    method = tiny_cut(negatives="batch", patches=1, identity=2.0, nce=1.0, **LAYERS)
    inputs, images = players(method)
    losses = method.losses("generators", inputs, images, 3)
    torch.testing.assert_close(
        losses["identity_b"], 2 * (images["same_b"] - inputs["b"]).abs().mean()
    )
    alone = tiny_cut(negatives="picture", patches=1, nce=1.0, **LAYERS)
    nothing_to_tell = alone.losses("generators", inputs, alone(inputs, 3), 3)["nce"]
    assert nothing_to_tell < 1e-6
    assert losses["nce"] > 0.01


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_nce_teaches_the_generator_and_its_heads(dtype):
    method = tiny_cut()
    with torch.autocast("cpu", dtype, enabled=dtype != torch.float32):
        inputs, images = players(method)
        losses = method.losses("generators", inputs, images, 3)
    losses["nce"].backward()
    weights = [*method.g_ab.parameters(), *method.heads.parameters()]
    assert sum(weight.grad is not None and bool(weight.grad.any()) for weight in weights) > 10


def test_without_a_layer_that_it_knows_it_asks_for_one():
    with pytest.raises(ConfigError, match=r"no layer 'block\.0'; of its \d+, .*: blocks\.0,"):
        tiny_cut(layers=["block.0"])


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("patches", 0, "patches must be"),
        ("temperature", 0.0, "above 0"),
        ("embedding", 0, "least 1"),
    ],
)
def test_options_out_of_range_are_refused(option, value, message):
    with pytest.raises(ValueError, match=message):
        tiny_cut(**{option: value})


def test_the_published_layers_have_their_names():
    method = CUT(Spec("resnet9", {"width": 2}), Spec("patch", {"width": 2}))
    assert method.layers == ("picture", "down.0.0", "down.1.0", "blocks.0", "blocks.4")
    assert [head[0].in_features for head in method.heads.heads] == [3, 4, 8, 8, 8]
