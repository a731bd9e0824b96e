"""Runs that begin with another model, keep a part of it, or have few pictures."""

import json
import signal
import subprocess
import sys
from itertools import islice

import cv2
import pytest
import torch
from click.testing import CliRunner

from cyclekit.checkpoint.model import ModelInfo, load_model, read_info, save_model
from cyclekit.checkpoint.state import load_state
from cyclekit.cli.fine_tuning import fine_tuning, open_initial
from cyclekit.cli.train import command
from cyclekit.cli.training_report import Interruption
from cyclekit.config.resolve import dump, resolve
from cyclekit.errors import ConfigError
from cyclekit.hub.source import find_model, named_models
from cyclekit.methods import METHODS
from cyclekit.models import GENERATORS, Discriminator, build_generator
from cyclekit.training import diff_augment
from cyclekit.training.diff_augment import DiffAugment, cut_out, recolor, shift
from cyclekit.training.initial import take_over
from cyclekit.training.learner import build_learner
from cyclekit.training.loop import train
from cyclekit.training.plan import first_steps
from tests.tiny import batch, picture, tiny_generator, tiny_model, tiny_spec
from tests.training.games import tiny_game, world_of
from tests.training.test_loop import assert_same_state
from tests.training.worlds import CPU, TINY, Notes, tiny_config, two_folders

translators = pytest.mark.parametrize("name", ["mobile", "resnet", "unet"])


def shaken(generator):
    """Give a network weights of its own, biases too."""
    draws = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for weight in generator.parameters():
            weight.copy_(torch.randn(weight.shape, generator=draws) * 0.2)
    return generator


def gray(channels):
    return batch(2, channels=1).expand(-1, channels, -1, -1)


@translators
def test_the_same_network_is_taken_over_whole(name):
    old, new = shaken(tiny_generator(name)), tiny_generator(name)
    assert take_over({"ab": new}, {"ab": old}) == ["ab"]
    x = batch(2)
    assert torch.equal(new(x), old(x))


@translators
@pytest.mark.parametrize(("before", "after"), [(1, 3), (3, 1), (3, 4), (4, 3)])
def test_other_input_channels_give_the_same_for_gray_pictures(name, before, after):
    old = shaken(tiny_generator(name, in_channels=before))
    new = tiny_generator(name, in_channels=after)
    take_over({"ab": new}, {"ab": old})
    inside, outside = gray(before).clone(), gray(after).clone()
    if 4 in (before, after):  # the fourth is alpha: new it says nothing yet, old it is dropped
        inside[:, 3:] = outside[:, 3:] = 0
    torch.testing.assert_close(new(outside), old(inside), rtol=1e-4, atol=1e-4)


@translators
@pytest.mark.parametrize(("before", "after"), [(1, 3), (3, 4), (4, 3)])
def test_other_output_channels_keep_the_old_ones(name, before, after):
    old = shaken(tiny_generator(name, out_channels=before))
    new = tiny_generator(name, out_channels=after)
    take_over({"ab": new}, {"ab": old})
    x = batch(2)
    common = min(before, after)
    torch.testing.assert_close(new(x)[:, :common], old(x)[:, :common])
    if before == 1:
        assert torch.equal(new(x)[:, 0], new(x)[:, 2])


def test_another_network_is_refused():
    wider = GENERATORS.create(tiny_spec(GENERATORS, "mobile", width=16))
    with pytest.raises(ConfigError, match="the model is another network; leave generator settings"):
        take_over({"ab": tiny_generator()}, {"ab": wider})
    with pytest.raises(ConfigError, match="the model holds noise, this run needs ab or ba"):
        take_over({"ab": tiny_generator(), "ba": tiny_generator()}, {"noise": tiny_generator()})


CHOOSING = {"head": "palette", "relaxation": "nearest"}


def choosing(**options):
    return build_generator(tiny_spec(GENERATORS, "mobile", **CHOOSING | options))


def test_a_head_that_takes_the_nearest_colour_takes_over_any_colours():
    old, new = shaken(tiny_generator()), choosing(colors=4)
    before = new.palette.clone()
    take_over({"ab": new}, {"ab": old})
    x = batch(2)
    assert torch.equal(new.head.inner(x_before_head(new, x)), old(x))
    assert torch.equal(new.palette, before)
    plain = tiny_generator()
    take_over({"ab": plain}, {"ab": new})
    assert torch.equal(plain(x), old(x))


def x_before_head(generator, x):
    """Return what the last layer is given."""
    given = []
    hook = generator.head.register_forward_pre_hook(lambda _, inputs: given.append(inputs[0]))
    generator(x)
    hook.remove()
    return given[0]


def test_learned_colours_are_taken_over_where_they_are_as_many():
    old, more, given = (
        shaken(choosing(colors=4)),
        choosing(colors=8),
        choosing(colors="000000,fff000"),
    )
    same, first = choosing(colors=4), more.palette.clone()
    for new in (same, more, given):
        take_over({"ab": new}, {"ab": old})
    assert torch.equal(same.palette, old.palette)
    assert torch.equal(more.palette, first)
    assert given.palette.tolist() == [[0, 0, 0], [255, 240, 0]]


@pytest.mark.parametrize("relaxation", ["softmax", "gumbel", "straight_through"])
def test_a_head_that_weighs_colours_cannot_begin_with_one_that_makes_them(relaxation):
    new = choosing(colors=3, relaxation=relaxation)
    for old in (tiny_generator(), choosing(colors=3)):
        with pytest.raises(ConfigError, match="relaxation=nearest, or leave out"):
            take_over({"ab": new}, {"ab": old})


def test_one_direction_begins_and_the_other_is_drawn():
    old = shaken(tiny_generator())
    fresh = build_learner(tiny_config(), CPU).method
    method = build_learner(tiny_config(), CPU, initial={"ba": old}).method
    x = batch(1)
    torch.testing.assert_close(method.translators()["ba"](x), old(x))  # channels lie otherwise
    assert torch.equal(method.translators()["ab"](x), fresh.translators()["ab"](x))


def test_only_the_discriminators_learn_during_the_warm_up(tmp_path):
    old = shaken(tiny_generator())
    initial = {"ab": old, "ba": old}
    config = tiny_config(images=12, warm_up=8, log_every=2, half_life=0)
    moved = []

    def stop(progress):
        moved.append(progress.images)
        return progress.images == 8

    domains = two_folders(tmp_path)
    train(config, domains, tmp_path / "run", device=CPU, initial=initial, stop=stop)
    kept, _, _ = load_model(tmp_path / "run/model.safetensors", "ab")
    assert torch.equal(kept(batch(1)), old(batch(1)))
    train(config, domains, tmp_path / "run", device=CPU)  # the state holds what it began with
    changed, _, _ = load_model(tmp_path / "run/model.safetensors", "ab")
    assert not torch.equal(changed(batch(1)), old(batch(1)))
    lines = [json.loads(line) for line in (tmp_path / "run/log.jsonl").read_text().splitlines()]
    losses = {line["images"]: "d_a" in line and "cycle_a" not in line for line in lines}
    assert losses == {2: True, 4: True, 6: True, 8: True, 10: False, 12: False}
    train(config, domains, tmp_path / "whole", device=CPU, initial=initial)
    assert_same_state(tmp_path / "whole", tmp_path / "run")


@pytest.mark.parametrize("length", [{"images": 8}, {"images": None, "minutes": 0.003}])
def test_a_run_that_is_over_before_its_warm_up_says_so(tmp_path, length):
    domains, notes = two_folders(tmp_path), Notes()
    warm_up = length["images"] or 10**6
    config = tiny_config(**length, warm_up=warm_up)
    total = train(config, domains, tmp_path / "run", device=CPU, listener=notes).total
    (line,) = (line for line in notes.lines if "warm_up" in line)
    assert f"train.warm_up={warm_up} lets the discriminators learn alone" in line
    assert f"the run has {total}: the generators will learn nothing" in line
    assert notes.lines.index(line) <= 1  # as soon as the length is known


def test_a_run_that_outlasts_its_warm_up_says_nothing_of_it(tmp_path):
    notes = Notes()
    config = tiny_config(images=8, warm_up=6)
    train(config, two_folders(tmp_path), tmp_path / "run", device=CPU, listener=notes)
    assert not any("warm_up" in line for line in notes.lines)


def test_where_nobody_judges_nobody_waits(tmp_path):
    alone, notes = {"method": {"adversarial_weight": 0}}, Notes()
    config = resolve([tiny_game("pix2pix", images=4, warm_up=500).plain(), alone])
    domains = world_of("pix2pix", tmp_path)
    train(config, domains, tmp_path / "run", device=CPU, listener=notes)
    assert not any("warm_up" in line for line in notes.lines)
    (line,) = (tmp_path / "run/log.jsonl").read_text().splitlines()
    assert json.loads(line)["l1"] > 0


@translators
def test_a_frozen_encoder_keeps_its_weights_and_the_rest_learns(tmp_path, name):
    network = {"generator": {"name": name, "width": 8}, "train": {"freeze": "encoder"}}
    network["generator"] |= {"depth": 2} if name == "unet" else {"blocks": 1}
    config = resolve([TINY, network, {"train": {"images": 4, "half_life": 0}}])
    before = build_learner(config, CPU).method.translators()["ab"].state_dict()
    train(config, two_folders(tmp_path), tmp_path / "run", device=CPU)
    generator, _, _ = load_model(tmp_path / "run/model.safetensors", "ab")
    same = {key for key, value in generator.state_dict().items() if torch.equal(value, before[key])}
    reading = {key for key in before if key.startswith(("stem.", "down."))}
    assert reading
    assert reading <= same
    learned = {key for key, _ in generator.named_parameters()} - reading
    assert learned
    assert not learned & same


def test_noise_has_no_encoder_to_freeze(tmp_path):
    from tests.training.worlds import FROM_NOISE

    config = resolve([TINY, FROM_NOISE["gan"], {"train": {"freeze": "encoder"}}])
    with pytest.raises(ConfigError, match="generator 'dcgan' has no encoder"):
        build_learner(config, CPU, 1)


def cyclekit(*arguments):
    command = [sys.executable, "-m", "cyclekit", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_command_begins_with_a_model_by_the_names_of_its_domains(tmp_path):
    """The model turns blue into red; the run's domains are red and blue."""
    two_folders(tmp_path)
    old = shaken(tiny_generator("mobile", in_channels=1))
    spec = tiny_spec(GENERATORS, "mobile", in_channels=1)
    info = ModelInfo(spec, ("blue", "red"), ("ab",), {"images": 12})
    save_model(tmp_path / "old.safetensors", {"ab": old}, info)
    (tmp_path / "tiny.yaml").write_text(dump(tiny_config(images=4)))
    result = cyclekit(
        "train", tmp_path / "red", tmp_path / "blue", "-o", tmp_path / "run",
        "--config", tmp_path / "tiny.yaml", "--init-from", tmp_path / "old.safetensors",
        "--set", "train.precision=fp32",
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    assert "ba begins with the generators of" in result.stderr
    assert "; ab begins at random" in result.stderr
    config = read_info(tmp_path / "run/model.safetensors").provenance["config"]
    assert config["train"]["init_from"] == "old.safetensors"
    assert config["train"]["warm_up"] == 500  # the whole run: the generator is the old one
    generator, _, _ = load_model(tmp_path / "run/model.safetensors", "ba")
    x = gray(1)
    torch.testing.assert_close(generator(gray(3)), old(x), rtol=1e-4, atol=1e-4)


def test_a_run_goes_on_without_the_model_that_it_began_with(tmp_path, monkeypatch):
    two_folders(tmp_path)
    old = tiny_model(tmp_path / "old.safetensors", ("red", "blue"))
    (tmp_path / "tiny.yaml").write_text(dump(tiny_config(images=8, state_every=4)))

    def run(folder):
        arguments = [
            tmp_path / "red", tmp_path / "blue", "-o", tmp_path / folder, "--init-from", old,
            "--config", tmp_path / "tiny.yaml", "--set", "train.warm_up=2", "--device", "cpu",
        ]  # fmt: skip
        return CliRunner().invoke(command, list(map(str, arguments)))

    assert run("whole").exit_code == 0
    enter = Interruption.__enter__

    def enter_and_ask(self):
        entered = enter(self)
        signal.raise_signal(signal.SIGINT)
        return entered

    with monkeypatch.context() as patched:
        patched.setattr(Interruption, "__enter__", enter_and_ask)
        assert "begins with the generators of" in run("parts").stderr
    assert load_state(tmp_path / "parts/state.pt")["progress"]["images"] == 2
    old.unlink()
    result = run("parts")
    assert result.exit_code == 0, result.stderr
    assert "going on at 2 images" in result.stderr
    assert_same_state(tmp_path / "whole", tmp_path / "parts")
    fresh = run("fresh")
    assert fresh.exit_code != 0
    assert str(fresh.exception).startswith(f"no model file '{old}' exists")
    assert not (tmp_path / "fresh").exists()


def test_a_run_goes_on_without_the_name_that_it_began_with(tmp_path, monkeypatch):
    two_folders(tmp_path)
    old = tiny_model(tmp_path / "old.safetensors", ("red", "blue"))
    (tmp_path / "tiny.yaml").write_text(dump(tiny_config(images=4)))
    named = dict(named_models())
    monkeypatch.setattr("cyclekit.hub.source.named_models", lambda *_: named)
    monkeypatch.chdir(tmp_path)

    def run(source):
        arguments = [
            "red", "blue", "-o", "run", "--init-from", source, "--config", "tiny.yaml",
            "--set", "train.warm_up=2", "--device", "cpu",
        ]  # fmt: skip
        return CliRunner().invoke(command, arguments)

    named["pulled"] = old
    assert run("pulled").exit_code == 0
    named.pop("pulled")
    assert run("pulled").exit_code == 0  # it is over, and needs nothing
    other = run("old.safetensors")
    assert "started with another train.init_from: pulled ->" in str(other.exception)


def photos_and_art(folder):
    for name in ("photos", "art"):
        (folder / name).mkdir()
        for i in range(2):
            cv2.imwrite(str(folder / name / f"{i}.png"), picture(16, 16, seed=i))
    return folder / "photos", folder / "art"


def test_pixel_art_begins_with_a_model_of_any_colours(tmp_path):
    result = cyclekit(
        "train", *photos_and_art(tmp_path), "-o", tmp_path / "run", "--preset", "pixel-art",
        "--init-from", "starry-night", "--images", 2, "--set", "data.crop=16",
        "--set", "train.batch=2", "--set", "discriminator.layers=1",
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    options = read_info(tmp_path / "run/model.safetensors").generator.options
    begun = read_info(find_model("starry-night")).generator.options
    assert options == {**begun, **CHOOSING, "colors": 16, "direction": "ab"}
    made, _, _ = load_model(tmp_path / "run/model.safetensors", "ab")
    first, _, _ = load_model(find_model("starry-night"), "ab")
    x = batch(1)
    colors = made.palette / 127.5 - 1
    with torch.no_grad():  # all of the run was warm-up: the generator is the old one
        distance = (first(x)[:, None] - colors[None, :, :, None, None]).square().sum(2)
        assert torch.equal(made(x), colors[distance.argmin(1)].permute(0, 3, 1, 2))


@pytest.mark.parametrize(
    ("setting", "advice"),
    [
        ("generator.relaxation=softmax", "set generator.relaxation=nearest, or leave out"),
        ("generator.width=64", "leave generator settings out, so that they are taken from it"),
    ],
)
def test_a_run_that_cannot_begin_leaves_no_folder(tmp_path, setting, advice):
    result = cyclekit(
        "train", *photos_and_art(tmp_path), "-o", tmp_path / "run", "--preset", "pixel-art",
        "--init-from", "starry-night", "--images", 2, "--set", "data.crop=16", "--set", setting,
    )  # fmt: skip
    assert result.returncode == 2
    (line,) = result.stderr.splitlines()
    assert advice in line
    assert not (tmp_path / "run").exists()


def test_a_model_that_is_not_there_is_wrong_usage(tmp_path):
    two_folders(tmp_path)
    result = cyclekit(
        "train", tmp_path / "red", tmp_path / "blue", "-o", tmp_path / "r", "--init-from", "no"
    )
    assert result.returncode == 2
    assert "no model file 'no' exists" in result.stderr


def test_a_shift_moves_by_an_eighth_at_most():
    x = torch.zeros(2, 1, 16, 16)
    x[:, :, 8, 8] = 1
    still = torch.full((2, 2), 0.5)
    assert torch.equal(shift(x, still), x)
    moved = shift(x, torch.tensor([[0.0, 0.999], [0.999, 0.0]]))
    assert moved[0, 0, 10, 6] == 1
    assert moved[1, 0, 6, 10] == 1
    assert moved.sum() == 2


def test_a_cut_is_a_quarter_of_the_picture_in_its_middle():
    x = torch.ones(1, 3, 16, 16)
    middle = cut_out(x, torch.full((1, 2), 0.5))
    assert middle[:, :, 4:12, 4:12].sum() == 0
    assert middle.sum() == 3 * (256 - 64)
    corner = cut_out(x, torch.zeros(1, 2))
    assert corner.sum() == 3 * (256 - 16)


def test_colours_change_as_the_paper_says_and_a_pair_alike():
    x = batch(2) * 0.5
    still = torch.full((2, 3), 0.5)
    torch.testing.assert_close(recolor(x, still), x)
    bright = still.clone()
    bright[:, 0] = 1.0
    torch.testing.assert_close(recolor(x, bright), x + 0.5)
    gray_ = still.clone()
    gray_[:, 1] = 0.0
    assert recolor(x, gray_).std(1).max() < 1e-6
    hard = still.clone()
    hard[:, 2] = 1.0
    middle = x.mean((1, 2, 3), keepdim=True)
    torch.testing.assert_close(recolor(x, hard), middle + (x - middle) * 1.5)
    pair = recolor(torch.cat([x, x], 1), torch.rand(2, 3))
    torch.testing.assert_close(pair[:, :3], pair[:, 3:])


def test_gradients_pass_through_every_change():
    x = batch(2).requires_grad_()
    draws = torch.rand(2, 3, generator=torch.Generator().manual_seed(0))
    for change in (recolor, shift, cut_out):
        (gradient,) = torch.autograd.grad(
            change(x, draws[:, : 3 if change is recolor else 2]).sum(), x
        )
        assert gradient.abs().sum() > 0


def test_discriminators_see_other_pictures_at_every_step_and_none_in_use():
    method = build_learner(tiny_config(), CPU).method
    augment = DiffAugment(("color", "translation", "cutout"), method)
    critic, x = method.d_a, torch.cat([batch(2), batch(2)])
    with torch.no_grad():
        augment.begin(1, 2)
        first, then = critic(x), critic(x)
        augment.begin(1, 2)
        again = critic(x)
        plain = critic.eval()(x)
    assert torch.equal(first, again)
    assert not torch.equal(first, then)
    assert not torch.equal(first[:2], first[2:])  # real and made ones are drawn for apart
    assert torch.equal(plain[:2], plain[2:])


@pytest.mark.parametrize("name", METHODS.names())
def test_no_critic_of_any_method_sees_a_picture_as_it_is(tmp_path, monkeypatch, name):
    monkeypatch.setitem(diff_augment._APPLY, "color", lambda pictures, _: 0 * pictures + 7)
    config, domains = tiny_game(name, images=2, log_every=2), world_of(name, tmp_path)
    learner = build_learner(config, CPU, len(domains))
    seen = []
    for module in learner.method.modules():
        if isinstance(module, Discriminator):
            module.body.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    augment = DiffAugment(["color"], learner.method)
    augment.begin(0, config.train.batch)
    (step,) = islice(first_steps(config, domains, CPU, learner=learner), 1)
    step()
    assert seen
    assert all(bool((pictures == 7).all()) for pictures in seen)


def test_a_run_of_few_pictures_resumes_exactly(tmp_path):
    config = tiny_config(images=16, diff_augment=("color", "translation", "cutout"))
    domains = two_folders(tmp_path)
    train(config, domains, tmp_path / "whole", device=CPU)
    train(config, domains, tmp_path / "parts", device=CPU, stop=lambda p: p.images >= 10)
    train(config, domains, tmp_path / "parts", device=CPU)
    assert_same_state(tmp_path / "whole", tmp_path / "parts")


def test_a_dry_run_tells_the_network_of_the_model(tmp_path):
    model = tiny_model(tmp_path / "model.safetensors")
    result = cyclekit("train", "a", "b", "--dry-run", "--init-from", model)
    assert result.returncode == 0, result.stderr
    assert "name: mobile" in result.stdout
    assert "warm_up: 500" in result.stdout


@pytest.mark.parametrize("method", ["gan", "biggan", "stargan", "predict"])
def test_other_kinds_of_models_begin_with_one_of_their_kind(tmp_path, method):
    domains, game = world_of(method, tmp_path), tiny_game(method)
    train(game, domains, tmp_path / "old", device=CPU)
    settings = {"method": {"name": method}, "data": {}, "generator": {}}
    old = str(tmp_path / "old")
    config = resolve([fine_tuning(settings, old, None)[0], {"train": {"init_from": old}}])
    (begun,) = (open_initial(config, domains) or {}).values()
    kept, _, _ = load_model(tmp_path / "old/model.safetensors")
    for name, weight in begun.state_dict().items():
        assert torch.equal(weight, kept.state_dict()[name]), name
    fresh = build_learner(game, CPU, len(domains), open_initial(config, domains)).method
    (generator,) = fresh.translators().values()
    assert all(torch.equal(weight, begun.state_dict()[name])
               for name, weight in generator.state_dict().items())  # fmt: skip
    with pytest.raises(ConfigError, match="method 'cyclegan' pictures of one domain from"):
        fine_tuning({"method": {"name": "cyclegan"}}, old, None)


def test_classes_of_other_names_are_refused(tmp_path):
    domains, game = world_of("biggan", tmp_path), tiny_game("biggan")
    train(game, domains, tmp_path / "old", device=CPU)
    config = resolve([{"train": {"init_from": str(tmp_path / "old")}}])
    with pytest.raises(ConfigError, match="the model knows"):
        open_initial(config, domains[::-1])
