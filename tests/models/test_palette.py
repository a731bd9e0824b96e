import math

import pytest
import torch

from cyclekit.checkpoint.model import ModelInfo, load_model, save_model
from cyclekit.errors import CheckpointError, ConfigError, UnknownNameError
from cyclekit.models import GENERATORS, make_translator
from cyclekit.models.palette import CHOICES, RELAXATIONS, Codebook, gumbel, softmax, split_colors
from cyclekit.registry import Spec
from tests.tiny import batch, names_of, tiny_spec

RED_GREEN_BLUE = ["#ff0000", "#00ff00", "#0000ff"]

every_relaxation = pytest.mark.parametrize("relaxation", CHOICES)


def with_palette(name="mobile", way="ab", **options):
    torch.manual_seed(0)
    return make_translator(tiny_spec(GENERATORS, name, head="palette", **options), way)


def colors_of(picture):
    """Stored colours of network output (N, 3, H, W), as a set of tuples."""
    levels = ((picture + 1) * 127.5).round().int().permute(0, 2, 3, 1).reshape(-1, 3)
    return {tuple(row) for row in levels.tolist()}


@every_relaxation
@pytest.mark.parametrize("colors", [4, RED_GREEN_BLUE], ids=["learned", "given"])
@pytest.mark.parametrize("name", names_of("translator"))
def test_gradients_reach_every_weight(name, colors, relaxation):
    generator = with_palette(name, colors=colors, relaxation=relaxation).train()
    side = max(16, 2 * generator.stride)  # a norm of one pixel is 0
    generator(batch(2, side, side)).square().sum().backward()
    weights = dict(generator.named_parameters())
    assert ("head.codebook.learned" in weights) == (colors == 4)
    for key, weight in weights.items():
        assert weight.grad is not None, key
        assert weight.grad.isfinite().all(), key
        assert weight.grad.abs().max() > 0, key


@every_relaxation
def test_a_generator_learns_to_choose(relaxation):
    """Bright pixels must become red, dark ones blue; nobody says which index that is."""
    generator = with_palette("resnet", colors=RED_GREEN_BLUE, relaxation=relaxation)
    optimizer = torch.optim.Adam(generator.parameters(), 3e-3)
    x = batch(1, 16, 16)[:, :1].sign().expand(-1, 3, -1, -1)
    bright = x[:, :1] > 0
    wanted = torch.tensor([1.0, -1, -1])[:, None, None] * torch.ones_like(x)
    wanted = torch.where(bright, wanted, wanted.flip(1))
    for _ in range(80):
        optimizer.zero_grad()
        (generator.train()(x) - wanted).square().mean().backward()
        optimizer.step()
    right = (generator.eval()(x) == wanted).all(1).float().mean()
    assert right > 0.95


def test_learned_colours_follow_the_pictures():
    torch.manual_seed(0)
    codebook = Codebook(2, "straight_through", 1.0).train()
    optimizer = torch.optim.Adam(codebook.parameters(), 1e-2)
    logits = torch.tensor([4.0, -4.0])[None, :, None, None]
    wanted = torch.tensor([0.5, -0.25, 0.0])[None, :, None, None]
    for _ in range(100):
        optimizer.zero_grad()
        (codebook(logits) - wanted).square().mean().backward()
        optimizer.step()
    assert codebook.levels[0].tolist() == pytest.approx([191, 96, 128], abs=3)


@every_relaxation
def test_in_use_pixels_have_exactly_the_colours(relaxation):
    generator = with_palette(colors=RED_GREEN_BLUE, relaxation=relaxation).eval()
    assert generator.palette.tolist() == [[255, 0, 0], [0, 255, 0], [0, 0, 255]]
    found = colors_of(generator(batch(2, 32, 32)))
    assert found <= {(255, 0, 0), (0, 255, 0), (0, 0, 255)}
    assert len(found) > 1


def test_learned_colours_are_exact_too():
    generator = with_palette(colors=7).eval()
    found = colors_of(generator(batch(2, 32, 32)))
    assert found <= {tuple(row) for row in generator.palette.tolist()}
    assert len(generator.palette.unique(dim=0)) == 7


def test_straight_through_is_the_choice_in_training():
    generator = with_palette(colors=5, relaxation="straight_through")
    x = batch()
    assert colors_of(generator.train()(x)) <= {tuple(row) for row in generator.palette.tolist()}
    torch.testing.assert_close(generator.train()(x), generator.eval()(x), atol=1 / 127, rtol=0)


def test_straight_through_has_the_gradient_of_softmax():
    colors = torch.randn(3, 3, dtype=torch.float64)
    gradients = []
    for name in ("straight_through", "softmax"):
        logits = torch.randn(1, 3, 2, 2, generator=torch.Generator().manual_seed(1)).double()
        logits.requires_grad_()
        torch.einsum("nkhw,kc->nchw", RELAXATIONS[name](logits), colors).sum().backward()
        gradients.append(logits.grad)
    torch.testing.assert_close(*gradients)


def test_nearest_takes_the_nearest_colour_and_passes_the_gradient_on():
    codebook = Codebook(["#000000", "#ff0000", "#ffffff"], "nearest", 1.0)
    made = torch.tensor([[0.9, 0.2, -0.3], [-0.2, -0.1, 0.0]]).T[None, :, :, None]
    made.requires_grad_()
    for mode in (True, False):
        chosen = codebook.train(mode)(made)[0, :, :, 0].T
        torch.testing.assert_close(chosen, torch.tensor([[1.0, -1, -1], [-1, -1, -1]]))
    weights = torch.randn(1, 3, 2, 1)
    (codebook.train()(made) * weights).sum().backward()
    torch.testing.assert_close(made.grad, weights)


def test_a_head_that_something_follows_takes_no_palette():
    with pytest.raises(ConfigError, match="with skip adds to what its head makes"):
        with_palette(colors=RED_GREEN_BLUE, skip=True)


def test_softmax_mixes_by_the_formula():
    codebook = Codebook(["#000000", "#ffffff"], "softmax", temperature=0.5).train()
    made = codebook(torch.tensor([0.0, 1.0])[None, :, None, None])
    white = math.exp(2) / (1 + math.exp(2))
    torch.testing.assert_close(made, torch.full((1, 3, 1, 1), 2 * white - 1))


def test_gumbel_chooses_as_often_as_softmax_says():
    torch.manual_seed(0)
    logits = torch.tensor([0.0, 1.0, 2.0])[None, :, None, None].expand(1, 3, 100, 100)
    often = gumbel(logits).argmax(1).flatten().bincount() / 10_000
    torch.testing.assert_close(often, softmax(logits)[0, :, 0, 0], atol=0.02, rtol=0)


def test_a_low_temperature_is_nearly_a_choice():
    logits = batch(1, 8, 8, 4)
    torch.manual_seed(0)
    sure = [gumbel(logits, temperature).amax(1).mean() for temperature in (1.0, 0.1)]
    assert sure[1] > 0.85 > 0.7 > sure[0]


@pytest.mark.parametrize("temperature", [0.05, 1.0, 5.0])
def test_the_temperature_changes_no_probability_of_gumbels_draw(temperature):
    """It divides logits and noise alike (https://arxiv.org/abs/1611.01144, equation 2)."""
    codebook = Codebook(["#000000", "#ffffff"], "gumbel", temperature).train()
    logits = torch.tensor([0.3, 0.7]).log()[None, :, None, None].expand(1, 2, 100, 100)
    torch.manual_seed(0)
    white = (codebook(logits)[:, 0] > 0).float().mean()
    assert white == pytest.approx(0.7, abs=0.02)


def test_bfloat16_never_touches_the_colours():
    generator = with_palette(colors=["#030507", "#f1f3f7"]).train()
    with torch.autocast("cpu", torch.bfloat16):
        made = generator(batch())
    assert made.dtype == torch.float32
    assert colors_of(made) <= {(3, 5, 7), (241, 243, 247)}


def test_the_choice_is_made_in_float32():
    generator = with_palette(colors=5).eval()
    generator.lower(torch.bfloat16)
    assert {weight.dtype for weight in generator.head.parameters()} == {torch.float32}
    seen = []
    generator.head.codebook.register_forward_hook(lambda _, given, __: seen.append(given[0].dtype))
    generator(batch().bfloat16())
    assert seen == [torch.float32]


def test_one_direction_may_have_the_palette_alone():
    there, back = (with_palette(way=way, direction="ab") for way in ("ab", "ba"))
    assert len(there.palette) == 16
    assert back.palette is None
    assert len(colors_of(back(batch()))) > 16


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"colors": 1}, "colors must be a number from 2 to 256"),
        ({"colors": 257}, "colors must be a number from 2 to 256"),
        ({"colors": True}, "colors must be a number from 2 to 256"),
        ({"colors": ["#000000"]}, "colors must be a number from 2 to 256"),
        ({"colors": None}, "colors must be a number .* got None"),
        ({"colors": ["#000000", "red"]}, "'red' is no colour; expected six digits"),
        ({"colors": [0, 1]}, "0 is no colour"),
        ({"colors": "sunset"}, "'sunset' is no colour"),
        ({"relaxation": "hard"}, "relaxation must be softmax, gumbel, straight_through or nearest"),
        ({"temperature": 0}, "temperature must be above 0, got 0"),
        ({"direction": "there"}, "direction must be ab, ba or both, got 'there'"),
        ({"out_channels": 4}, "out_channels is not set here"),
    ],
)
def test_settings_that_make_no_sense_are_refused(options, message):
    with pytest.raises(ConfigError, match=message):
        with_palette(**options)


def test_other_heads_and_players_are_refused():
    with pytest.raises(UnknownNameError, match="unknown head 'pallete'; did you mean 'palette'"):
        make_translator(Spec("mobile", {"head": "pallete"}))
    with pytest.raises(ConfigError, match="generator 'mobile' has no option 'colors'"):
        make_translator(Spec("mobile", {"colors": 4}))
    with pytest.raises(ConfigError, match="generator 'dcgan' takes no head, got 'palette'"):
        make_translator(tiny_spec(GENERATORS, "dcgan", head="palette"))


def test_colours_in_one_text():
    assert split_colors("1a1c2c, #F4F4F4;00ff00-0000ff") == [
        "1a1c2c", "#F4F4F4", "00ff00", "0000ff",
    ]  # fmt: skip


@pytest.mark.parametrize("colors", [4, RED_GREEN_BLUE], ids=["learned", "given"])
@pytest.mark.parametrize("name", ["mobile", "unet"])
def test_a_model_file_brings_back_network_and_colours(tmp_path, name, colors):
    spec = tiny_spec(GENERATORS, name, head="palette", colors=colors, direction="ab")
    networks = {way: make_translator(spec, way).eval() for way in ("ab", "ba")}
    save_model(tmp_path / "model.safetensors", networks, ModelInfo(spec))
    for way, network in networks.items():
        loaded, *_ = load_model(tmp_path / "model.safetensors", way)
        assert torch.equal(loaded(batch()), network(batch()))
    assert torch.equal(
        load_model(tmp_path / "model.safetensors")[0].palette, networks["ab"].palette
    )


@pytest.mark.parametrize(
    ("lie", "message"),
    [
        ({"colors": 5}, "weights do not fit 'mobile'"),
        ({"colors": ["#000000"] * 7}, "weights do not fit 'mobile'"),
        ({"colors": 10**9}, "colors must be a number from 2 to 256"),
        ({"colors": ["/etc/passwd", "#000000"]}, "'/etc/passwd' is no colour"),
        ({"colors": "/etc/passwd"}, "'/etc/passwd' is no colour"),
        ({"head": ["palette"]}, r"unknown head '\['palette'\]'"),
        ({"temperature": "hot"}, "temperature must be a number, got 'hot'"),
    ],
)
def test_a_header_that_lies_is_refused(tmp_path, lie, message):
    spec = tiny_spec(GENERATORS, "mobile", head="palette", colors=4)
    info = ModelInfo(Spec("mobile", {**spec.options, **lie}), directions=("ab",))
    save_model(tmp_path / "model.safetensors", {"ab": make_translator(spec)}, info)
    with pytest.raises(CheckpointError, match=message):
        load_model(tmp_path / "model.safetensors")
