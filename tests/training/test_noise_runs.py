"""Runs that make pictures from noise keep every promise of the engine."""

import os
import re
import subprocess
import sys
from pathlib import Path

import cv2
import pytest
import torch

from cyclekit.checkpoint.model import load_model, read_info
from cyclekit.checkpoint.state import load_state, save_state
from cyclekit.config.resolve import resolve
from cyclekit.errors import ConfigError
from cyclekit.training.loop import train
from tests.training.test_loop import assert_same_state, flat
from tests.training.worlds import (
    CPU,
    FROM_NOISE,
    TINY,
    pictures_for,
    tiny_config,
    tiny_noise_config,
    two_folders,
)

ROOT = Path(__file__).parents[2]

both = pytest.mark.parametrize("method", list(FROM_NOISE))


@both
def test_resume_continues_exactly(tmp_path, method):
    domains, config = pictures_for(method, tmp_path), tiny_noise_config(method)
    train(config, domains, tmp_path / "whole", device=CPU)
    train(config, domains, tmp_path / "parts", device=CPU, stop=lambda p: p.images >= 10)
    train(config, domains, tmp_path / "parts", device=CPU)
    assert_same_state(tmp_path / "whole", tmp_path / "parts")


@both
def test_a_run_leaves_a_model_that_explains_itself(tmp_path, method):
    domains = pictures_for(method, tmp_path)
    train(tiny_noise_config(method), domains, tmp_path / "run", device=CPU)
    info = read_info(tmp_path / "run/model.safetensors")
    assert info.kind == "noise"
    assert info.names == (("red",) if method == "gan" else ("blue", "red"))
    assert info.generator.options.get("classes") == (None if method == "gan" else 2)
    generator, _, direction = load_model(tmp_path / "run/model.safetensors")
    assert direction == "noise"
    average = load_state(tmp_path / "run/state.pt")["average"]["noise"]
    for name, tensor in generator.state_dict().items():
        assert torch.equal(tensor, average[name]), name


@both
def test_sheets_show_a_column_a_class(tmp_path, method):
    domains = pictures_for(method, tmp_path)
    train(tiny_noise_config(method), domains, tmp_path / "run", device=CPU)
    first, last = sorted((tmp_path / "run/samples").glob("*.png"))
    columns = 8 if method == "gan" else 2
    assert cv2.imread(str(last)).shape == (8 * 20 - 4, columns * 20 - 4, 3)
    assert (cv2.imread(str(first)) != cv2.imread(str(last))).any()


TWO_PROCESSES = """
import sys
from pathlib import Path
from cyclekit.training.distributed import join_team, leave_team
from cyclekit.training.loop import train
from tests.training.worlds import CPU, FROM_NOISE, pictures_for, tiny_noise_config

folder, team = Path(sys.argv[1]), join_team(CPU)
for method in FROM_NOISE:
    config = tiny_noise_config(method, images=16, batch=4)
    domains = pictures_for(method, folder / "data")
    train(config, domains, folder / f"two-{method}", device=CPU, team=team)
leave_team()
"""


def test_two_processes_equal_one_on_the_whole_batch(tmp_path):
    for method in FROM_NOISE:
        config = tiny_noise_config(method, images=16, batch=4)
        domains = pictures_for(method, tmp_path / "data")
        train(config, domains, tmp_path / f"one-{method}", device=CPU)
    (tmp_path / "two.py").write_text(TWO_PROCESSES)
    command = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    result = subprocess.run(
        [sys.executable, *command, str(tmp_path / "two.py"), str(tmp_path)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert result.returncode == 0, result.stderr
    for method in FROM_NOISE:
        one, two = (
            flat(load_state(tmp_path / f"{name}-{method}/state.pt")) for name in ("one", "two")
        )
        assert one.keys() == two.keys()
        for name, value in one.items():
            if isinstance(value, torch.Tensor) and "/optimizers" not in name:
                torch.testing.assert_close(two[name], value, rtol=1e-3, atol=2e-5, msg=name)


def test_the_generators_turn_comes_every_other_step(tmp_path):
    seen = []

    def stop(progress):
        state = load_state(tmp_path / "run/state.pt") if seen else None
        seen.append(state and state["method"]["generator.seed.weight"])
        return False

    config = tiny_noise_config("gan", images=8, state_every=2)
    train(config, pictures_for("gan", tmp_path), tmp_path / "run", device=CPU, stop=stop)
    after = [weight for weight in seen if weight is not None]
    assert len(after) == 3
    assert not torch.equal(after[0], after[1])  # states after steps 1, 2 and 3
    assert torch.equal(after[1], after[2])


@pytest.mark.parametrize(
    ("method", "section", "settings", "message"),
    [
        ("gan", "data", {"crop": 32}, "data.crop must be 16 for generator 'dcgan', got 32"),
        ("gan", "generator", {"name": "mobile"}, "'mobile' turns pictures into pictures"),
        ("gan", "discriminator", {"in_channels": 4}, "in_channels is not set here"),
        ("biggan", "generator", {"classes": 3}, "classes is not set here, but by the folders"),
        ("biggan", "discriminator", {"name": "patch"}, "discriminator 'patch' knows no classes"),
    ],
)
def test_settings_that_do_not_fit_are_refused_before_the_run(
    tmp_path, method, section, settings, message
):
    config = resolve([TINY, FROM_NOISE[method], {section: settings}])
    with pytest.raises(ConfigError, match=re.escape(message)):
        train(config, pictures_for(method, tmp_path), tmp_path / "run", device=CPU)
    assert not (tmp_path / "run").exists()


def test_a_translation_needs_a_translator():
    from cyclekit.training.learner import check_fit

    with pytest.raises(ConfigError, match="'dcgan' makes pictures from noise"):
        check_fit(resolve([TINY, {"generator": {"name": "dcgan", "width": 8}}]))


def test_a_run_of_an_older_version_goes_on(tmp_path):
    domains = two_folders(tmp_path)
    train(tiny_config(), domains, tmp_path / "run", device=CPU, stop=lambda p: p.images >= 8)
    state = load_state(tmp_path / "run/state.pt")
    del state["config"]["data"]["fit"]  # a setting that it did not have
    save_state(tmp_path / "run/state.pt", state)
    assert train(tiny_config(), domains, tmp_path / "run", device=CPU).done


@pytest.mark.parametrize("method", ["gan", "biggan"])
def test_critics_that_nobody_can_ask_are_not_promised(method: str, tmp_path: Path) -> None:
    config, domains = (
        tiny_noise_config(method, keep_discriminators=True),
        pictures_for(method, tmp_path),
    )
    with pytest.raises(
        ConfigError, match=f"method '{method}' has no discriminator that .*critique"
    ):
        train(config, domains, tmp_path / "run", device=CPU)
    assert not (tmp_path / "run").exists()
