"""What every registered method promises, shown by whole runs; new methods are covered at once."""

import json
import math
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from cyclekit.checkpoint.model import read_info
from cyclekit.checkpoint.state import load_state
from cyclekit.config.resolve import resolve
from cyclekit.errors import ConfigError
from cyclekit.hub.open import open_generator, open_model, open_noise
from cyclekit.inference.sampling import Sampler
from cyclekit.inference.translator import Translator
from cyclekit.methods import METHODS
from cyclekit.methods.base import Moment
from cyclekit.pixels import to_tensor
from cyclekit.training.inputs import pictures_of
from cyclekit.training.learner import build_learner
from cyclekit.training.loop import train
from cyclekit.training.plan import make_plan
from cyclekit.training.step import parameters_of, train_step
from tests.evaluation.worlds import averages
from tests.tiny import picture
from tests.training.games import drawing_game, tiny_game, world_of
from tests.training.test_loop import assert_same_state, flat
from tests.training.worlds import CPU

ROOT = Path(__file__).parents[2]
every_method = pytest.mark.parametrize("name", METHODS.names())


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Give the folder of a method's data, its whole run, and one in parts; made when asked for."""
    folder, made = tmp_path_factory.mktemp("runs"), set()

    def get(name):
        here = folder / name
        if name not in made:
            domains, config = world_of(name, here / "data"), tiny_game(name, rescue=True)
            train(config, domains, here / "whole", device=CPU)
            for images in (6, 10):
                train(
                    config,
                    domains,
                    here / "parts",
                    device=CPU,
                    stop=lambda p, n=images: p.images >= n,
                )
            train(config, domains, here / "parts", device=CPU)
            made.add(name)
        return here

    return get


def real_batch(name, folder):
    """Take the first two positions of a method's own data, as the loop would."""
    domains = world_of(name, folder)
    config = tiny_game(name)
    items = [pictures_of(config, domains)[position].values for position in range(2)]
    stacked = {key: torch.stack([item[key] for item in items]) for key in items[0]}
    ready = {
        key: value.float() / 127.5 - 1 if value.dtype == torch.uint8 else value
        for key, value in stacked.items()
    }
    return config, ready, len(domains)


@every_method
def test_a_phase_trains_what_it_names_and_nothing_else(tmp_path, name):
    config, batch, domains = real_batch(name, tmp_path)
    for phase in build_learner(config, CPU, domains).method.phases():
        learner = build_learner(config, CPU, domains)
        others = frozenset(one.name for one in learner.method.phases()) - {phase.name}
        before = {key: value.clone() for key, value in learner.method.named_parameters()}
        step = math.lcm(*(one.interval for one in learner.method.phases())) - 1  # all are due
        losses = train_step(
            learner.method, learner.optimizers, batch, seed=0, moment=Moment(step), resting=others
        )
        assert losses
        assert all(math.isfinite(float(loss)) for loss in losses.values())
        own = {id(weight) for weight in parameters_of(learner.optimizers[phase.name])}
        changed = [
            key for key, weight in learner.method.named_parameters()
            if not torch.equal(weight, before[key])
        ]  # fmt: skip
        names = {key for key, weight in learner.method.named_parameters() if id(weight) in own}
        assert changed, f"{phase.name} learns nothing"
        assert set(changed) <= names, phase.name


@every_method
def test_resume_is_exact(runs, name):
    assert_same_state(runs(name) / "whole", runs(name) / "parts")


@pytest.mark.parametrize("name", ["distill", "pix2pix"])
def test_a_run_without_a_critic_keeps_none_and_resumes_exactly(tmp_path, name):
    alone = {"method": {"adversarial_weight": 0}}
    domains, config = world_of(name, tmp_path / "data"), resolve([tiny_game(name).plain(), alone])
    train(config, domains, tmp_path / "whole", device=CPU)
    train(config, domains, tmp_path / "parts", device=CPU, stop=lambda p: p.images >= 6)
    train(config, domains, tmp_path / "parts", device=CPU)
    assert_same_state(tmp_path / "whole", tmp_path / "parts", tensors=40)
    state = load_state(tmp_path / "whole/state.pt")
    assert state["optimizers"].keys() == {"generators"}
    assert {key.split(".")[0] for key in state["method"]} <= {"generator", "student"}


@every_method
def test_health_is_taken(runs, name):
    log = runs(name) / "whole/log.jsonl"
    lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    assert [line["images"] for line in lines] == [4, 8, 12, 16]
    health = lines[-2]["health"]  # at the end the rate is 0, and nothing can change
    assert "flat crops" in health
    assert all(math.isfinite(x) for values in health.values() for x in values.values())
    method = build_learner(tiny_game(name), CPU, 2).method
    assert {"grid", "change"} <= set(health)
    assert len(health["grid"]) == len(method.translators())
    losses = {key for line in lines for key in line if key.startswith(("d_", "discrim"))}
    plays = any(phase.name == "discriminators" for phase in method.phases())
    assert bool(losses) == plays  # what a critic pays goes by a name that health knows


@every_method
def test_the_page_is_written(runs, name):
    text = (runs(name) / "whole/training.html").read_text(encoding="utf-8")
    assert f"<bdi>{name}</bdi>" in text
    assert "samples/00000016.png" in text


@every_method
def test_the_saved_model_loads_and_works(runs, name):
    path = runs(name) / "whole/model.safetensors"
    info = read_info(path)
    if info.kind == "predictor":
        generator = open_model(path).generator
        assert generator(torch.zeros(1, 6, 16, 16)).shape == (1, 3, 16, 16)
        return
    if info.kind == "noise":
        (made,) = Sampler(open_noise(path).generator, device="cpu").draw(1, seed=0)
        assert made.shape == (16, 16, 3)
        return
    for ability in info.abilities():
        opened = open_generator(path, ability) if info.kind == "translator" else None
        if opened is None:  # any domain to any other
            generator = open_model(path, ability).generator
            made = generator(to_tensor(picture(16, 16))[None], torch.tensor([0]))[0]
            assert made.shape == (3, 16, 16)
            assert torch.isfinite(made).all()
            continue
        made = Translator(opened.generator, device="cpu", precision="fp32")(picture(16, 16))
        assert made.shape == (16, 16, 3)
        assert made.dtype == np.uint8


@every_method
def test_it_is_measured_on_held_out_pictures(tmp_path, name):
    domains = tuple(
        replace(domain, held_out=domain.train) for domain in world_of(name, tmp_path / "data")
    )
    config = tiny_game(name, images=4, evaluate_every=4)
    if name == "predict":  # what comes next is no translation
        with pytest.raises(ConfigError, match="what makes 'next' is not measured as it trains"):
            train(config, domains, tmp_path / "run", device=CPU, extractor=averages())
        assert not (tmp_path / "run/log.jsonl").exists()  # said at once, not after hours
        return
    train(config, domains, tmp_path / "run", device=CPU, extractor=averages())
    evaluation = read_info(tmp_path / "run/best.safetensors").provenance["evaluation"]
    assert math.isfinite(evaluation["score"])
    assert len(evaluation["findings"]) >= 1


@every_method
def test_a_plan_is_made(tmp_path, name):
    plan = make_plan(tiny_game(name), world_of(name, tmp_path), CPU)
    assert plan.seconds > 0
    assert plan.images == 16
    assert plan.pieces == 1


TWO_PROCESSES = """
import sys
from pathlib import Path
from cyclekit.training.distributed import join_team, leave_team
from cyclekit.training.loop import train
from tests.training.games import world_of
from tests.training.test_contract import shared_games
from tests.training.worlds import CPU

folder, team = Path(sys.argv[1]), join_team(CPU)
for name, config in shared_games().items():
    domains = world_of(config.method.name, folder / "data" / name)
    train(config, domains, folder / f"two-{name}", device=CPU, team=team)
leave_team()
"""


def shared_games():
    """Every method, and networks that draw at random as they work."""
    train = {"images": 8, "batch": 4, "diff_augment": ("color", "translation", "cutout")}
    games = {name: tiny_game(name, **train) for name in METHODS.names()}
    return games | {"drawing": drawing_game(images=8, batch=4)}


def test_two_processes_equal_one(tmp_path):
    for name, config in shared_games().items():
        domains = world_of(config.method.name, tmp_path / "data" / name)
        train(config, domains, tmp_path / f"one-{name}", device=CPU)
    (tmp_path / "two.py").write_text(TWO_PROCESSES)
    command = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    result = subprocess.run(
        [sys.executable, *command, str(tmp_path / "two.py"), str(tmp_path)],
        env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False,
        timeout=900,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr[-3000:]
    for name in shared_games():
        one, two = (
            flat(load_state(tmp_path / f"{count}-{name}/state.pt")) for count in ("one", "two")
        )
        assert one.keys() == two.keys()
        for key, value in one.items():
            if isinstance(value, torch.Tensor) and "/optimizers" not in key:
                # Where a norm takes a bias away again, its gradient is rounding, and Adam makes
                # whole steps of that: 2 of 2e-4, up or down.
                away = 1e-3 if key.endswith(".bias") else 5e-5
                torch.testing.assert_close(
                    two[key], value, rtol=1e-3, atol=away, msg=f"{name} {key}"
                )
