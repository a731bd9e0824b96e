import torch

from cyclekit.methods.contrast import Contrast
from cyclekit.methods.dclgan import DCLGAN
from cyclekit.models import DISCRIMINATORS, GENERATORS
from cyclekit.models.taps import tap
from tests.tiny import batch, tiny_spec


def tiny_dclgan(**options):
    torch.manual_seed(0)
    options = {"embedding": 8, "patches": 5, "layers": ["down.1.0", "blocks.0"]} | options
    critic = tiny_spec(DISCRIMINATORS, "patch", layers=1)
    return DCLGAN(tiny_spec(GENERATORS, "mobile"), critic, **options)


def data():
    return {"a": batch(2, seed=1), "b": batch(2, seed=2)}


def test_losses_are_the_papers():
    method, inputs, seed = tiny_dclgan(adversarial="hinge", nce=2.0, identity=3.0), data(), 5
    a, b = inputs["a"], inputs["b"]
    losses = method.losses("generators", inputs, method(inputs, seed), seed)
    fake_a, fake_b = method.g_ba(b), method.g_ab(a)
    contrast = Contrast(5, 0.07, "picture")

    def nce(source, encode, embed, output, encode_output, embed_output, seed):
        keys = tap(encode, method.layers, source)
        places = contrast.places(keys, seed)
        queries = embed_output(tap(encode_output, method.layers, output), places)
        return contrast(queries, embed(keys, places))

    expected = {
        "gan_ab": -method.d_b(fake_b).mean(),
        "gan_ba": -method.d_a(fake_a).mean(),
        "nce_ab": 2 * nce(a, method.g_ab, method.f_a, fake_b, method.g_ba, method.f_b, seed),
        "nce_ba": 2 * nce(b, method.g_ba, method.f_b, fake_a, method.g_ab, method.f_a, seed + 1),
        "identity_b": 3 * (method.g_ab(b) - b).abs().mean(),
        "identity_a": 3 * (method.g_ba(a) - a).abs().mean(),
    }
    assert losses.keys() == expected.keys()
    for name, value in expected.items():
        torch.testing.assert_close(losses[name], value, msg=name)


def test_each_domain_has_heads_and_a_critic_of_its_own():
    method, inputs = tiny_dclgan(), data()
    images = method(inputs, 0)
    losses = method.losses("discriminators", inputs, images, 0)
    judged = (method.d_a(inputs["a"]) - 1).square().mean() + method.d_a(
        images["fake_a"]
    ).square().mean()
    torch.testing.assert_close(losses["d_a"], judged / 2)
    first, second = method.f_a.heads[0][0].weight, method.f_b.heads[0][0].weight
    assert not torch.equal(first, second)


def test_without_identity_nothing_more_is_translated():
    images = tiny_dclgan(identity=0.0)(data())
    assert images.keys() == {"fake_a", "fake_b"}
