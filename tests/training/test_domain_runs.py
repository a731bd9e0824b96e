"""Runs of the contrastive games and of many domains keep every promise of the engine."""

import os
import subprocess
import sys
from pathlib import Path

import cv2
import pytest
import torch

from cyclekit.checkpoint.model import load_model, read_info
from cyclekit.checkpoint.state import load_state
from cyclekit.config.resolve import preset_names, read_preset, resolve
from cyclekit.data.kinds import KINDS
from cyclekit.data.layouts import find_domains
from cyclekit.methods.base import data_kind
from cyclekit.training.learner import check_fit
from cyclekit.training.loop import train
from tests.tiny import picture
from tests.training.test_loop import assert_same_state, flat
from tests.training.worlds import CPU, TINY, two_folders

ROOT = Path(__file__).parents[2]
GAMES = {
    "cut": {"method": {"name": "cut", "flip_equivariance": 0.5, "pool": 2, "patches": 8}},
    "cut of one picture": {
        "method": {"name": "cut", "negatives": "batch", "patches": 1, "identity": 1.0}
        | {"penalty": "r1", "penalty_every": 2},
        "train": {"initialization": "kaiming"},
    },
    "dclgan": {"method": {"name": "dclgan", "patches": 8}},
    "stargan": {
        "method": {"name": "stargan", "penalty_every": 2, "critic_steps": 2},
        # Behind other ways up, a norm would take the last block's shift away again: its gradient
        # is rounding alone, which Adam makes as large as any.
        "generator": {"name": "stargan", "width": 4, "blocks": 1, "style": 2, "up": "transposed"},
        "discriminator": {"name": "stargan", "layers": 1, "width": 4},
    },
    "cyclegan with all options": {
        "method": {"name": "cyclegan", "identity_every": 2, "identity_until": 0.8}
        | {"cycle_end": 0.2, "cycle_features": 0.5, "penalty": "r1", "penalty_every": 3}
        | {"memory": 3},
        "discriminator": {"name": "patch", "layers": 1, "width": 8, "others": "statistics"},
    },
}
every_game = pytest.mark.parametrize("game", list(GAMES))


def config_of(game, **changes):
    return resolve([TINY, GAMES[game], {"train": changes}])


def domains_of(game, folder):
    two_folders(folder)
    roots = [folder / "blue", folder / "red"]
    return KINDS[data_kind(GAMES[game]["method"]["name"])].find(roots, None)


@every_game
def test_resume_continues_exactly(tmp_path, game):
    domains, config = domains_of(game, tmp_path), config_of(game)
    train(config, domains, tmp_path / "whole", device=CPU)
    train(config, domains, tmp_path / "parts", device=CPU, stop=lambda p: p.images >= 10)
    train(config, domains, tmp_path / "parts", device=CPU)
    assert_same_state(tmp_path / "whole", tmp_path / "parts")
    info = read_info(tmp_path / "parts/model.safetensors")
    generator, _, way = load_model(tmp_path / "parts/model.safetensors")
    assert info.names == ("blue", "red")
    average = load_state(tmp_path / "parts/state.pt")["average"][info.directions[0]]
    for name, tensor in generator.state_dict().items():
        assert torch.equal(tensor, average[name]), (way, name)


TWO_PROCESSES = """
import sys
from pathlib import Path
from cyclekit.training.distributed import join_team, leave_team
from cyclekit.training.loop import train
from tests.training.test_domain_runs import GAMES, config_of, domains_of
from tests.training.worlds import CPU

folder, team = Path(sys.argv[1]), join_team(CPU)
for game in GAMES:
    config, domains = config_of(game, images=16, batch=4), domains_of(game, folder / "data")
    train(config, domains, folder / f"two {game}", device=CPU, team=team)
leave_team()
"""


def test_two_processes_equal_one_on_the_whole_batch(tmp_path):
    for game in GAMES:
        config, domains = config_of(game, images=16, batch=4), domains_of(game, tmp_path / "data")
        train(config, domains, tmp_path / f"one {game}", device=CPU)
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
    for game in GAMES:
        one, two = (
            flat(load_state(tmp_path / f"{name} {game}/state.pt")) for name in ("one", "two")
        )
        assert one.keys() == two.keys()
        for name, value in one.items():
            if isinstance(value, torch.Tensor) and "/optimizers" not in name:
                told = f"{game}: {name}"
                torch.testing.assert_close(two[name], value, rtol=1e-3, atol=2e-5, msg=told)


def test_two_pictures_are_enough(tmp_path):
    for name in ("photo", "monet"):
        cv2.imwrite(str(tmp_path / f"{name}.png"), picture(40, 50))
    domains = find_domains([tmp_path / "photo.png", tmp_path / "monet.png"])
    config = config_of("cut of one picture", images=4, sample_every=4)
    assert train(config, domains, tmp_path / "run", device=CPU).done
    (made,) = (tmp_path / "run/samples").glob("*.png")
    assert cv2.imread(str(made)).shape == (16, 2 * 20 - 4, 3)


@pytest.mark.parametrize("preset", ["cut", "fastcut", "sincut", "dclgan", "stargan"])
def test_presets_fit_together(preset):
    assert preset in preset_names()
    check_fit(resolve([read_preset(preset)]))
