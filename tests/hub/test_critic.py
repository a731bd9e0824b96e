import re

import pytest
import torch

from cyclekit.checkpoint.model import load_model, read_info
from cyclekit.checkpoint.state import load_state, save_state
from cyclekit.errors import CheckpointError, UnknownNameError, UsageError
from cyclekit.hub.critic import open_critic
from cyclekit.training.loop import train
from tests.legacy.published import resnet
from tests.tiny import batch, tiny_model, tiny_noise_model
from tests.training.worlds import CPU, tiny_config, two_folders


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Two runs of the same settings, but that one keeps its discriminators in the model file."""
    folder = tmp_path_factory.mktemp("runs")
    domains = two_folders(folder)
    for name, keep in (("plain", False), ("kept", True)):
        config = tiny_config(images=4, keep_discriminators=keep)
        train(config, domains, folder / name, device=CPU)
    return folder


@pytest.mark.parametrize("name", ["plain", "kept"])
@pytest.mark.parametrize("domain", ["red", "blue"])
def test_a_run_gives_the_critic_of_each_domain(runs, name, domain):
    opened = open_critic(runs / name, domain)
    weights = load_state(runs / name / "state.pt")["method"]
    prefix = {"red": "d_a.", "blue": "d_b."}[domain]
    for key, tensor in opened.discriminator.state_dict().items():
        assert torch.equal(tensor, weights[prefix + key])
    assert (opened.domain, opened.adversarial) == (domain, "lsgan")
    assert opened.path.name == {"plain": "state.pt", "kept": "model.safetensors"}[name]
    assert not opened.discriminator.training


def test_the_default_is_what_the_model_makes(runs):
    assert open_critic(runs / "kept").domain == "blue"
    assert open_critic(str(runs / "plain/model.safetensors")).domain == "blue"


def test_kept_discriminators_say_the_same_without_the_run(runs, tmp_path):
    alone = tmp_path / "alone.safetensors"
    alone.write_bytes((runs / "kept/model.safetensors").read_bytes())
    inside, outside = open_critic(alone), open_critic(runs / "plain")
    mine, theirs = inside.discriminator.state_dict(), outside.discriminator.state_dict()
    assert all(torch.equal(tensor, theirs[key]) for key, tensor in mine.items())
    assert torch.allclose(inside.discriminator(batch()), outside.discriminator(batch()))
    head = inside.identity.partition(" of ")[0]
    assert head == "'blue'"
    sums = [re.search(r"\((\w{8})\)", one.identity)[1] for one in (inside, outside)]
    assert sums[0] == sums[1]
    assert open_critic(alone, "red").identity != inside.identity


def test_keeping_them_changes_no_generator(runs):
    one, info, _ = load_model(runs / "plain/model.safetensors")
    two, kept, _ = load_model(runs / "kept/model.safetensors")
    assert info.critics is None
    assert kept.critics.discriminator.options["norm"] == "instance"
    assert torch.equal(one(batch()), two(batch()))


def test_a_run_may_begin_to_keep_them_on_the_way(tmp_path):
    domains = two_folders(tmp_path)
    run = tmp_path / "run"
    train(tiny_config(images=8), domains, run, device=CPU, stop=lambda p: p.images >= 4)
    assert read_info(run / "model.safetensors").critics is None
    train(tiny_config(images=8, keep_discriminators=True), domains, run, device=CPU)
    assert read_info(run / "model.safetensors").critics.domains == ("a", "b")


def test_a_model_without_critics_says_how_to_get_them(runs, tmp_path):
    torch.save(resnet(1).state_dict(), tmp_path / "latest_net_G_A.pth")
    ours = tiny_model(tmp_path / "ours.safetensors")
    for source in (None, ours, tmp_path / "latest_net_G_A.pth"):
        with pytest.raises(UsageError, match=r"holds no discriminator .*--keep-discriminators"):
            open_critic(source)
    with pytest.raises(UnknownNameError, match="unknown domain 'bleu'; did you mean 'blue'"):
        open_critic(runs / "kept", "bleu")
    with pytest.raises(UsageError, match="makes pictures from noise; only translators"):
        open_critic(tiny_noise_model(tmp_path / "noise.safetensors"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda state: state.pop("config"), "not the state of a run"),
        (lambda state: state["config"].update(more=1), "not the state of a run"),
        (
            lambda state: state["config"]["discriminator"].update(name="pach"),
            "did you mean 'patch'",
        ),
        (lambda state: state["config"]["discriminator"].update(width=10**4), "size mismatch"),
        (lambda state: state.update(method=3), "not the state of a run"),
        (lambda state: state["method"].pop("d_a.judge.bias"), "d_a.judge.bias"),
    ],
)
def test_a_damaged_state_is_refused_in_one_line(runs, tmp_path, change, message):
    tiny_model(tmp_path / "model.safetensors")
    state = load_state(runs / "plain/state.pt")
    change(state)
    save_state(tmp_path / "state.pt", state)
    with pytest.raises(CheckpointError, match=message) as caught:
        open_critic(tmp_path)
    assert "\n" not in str(caught.value)
