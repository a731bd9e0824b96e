"""Runs that measure themselves: the best model is kept beside the last, and patience ends a run."""

import json
from dataclasses import replace

import cv2
import numpy as np
import pytest

from cyclekit.checkpoint.model import load_model, read_info
from cyclekit.checkpoint.state import load_state
from cyclekit.config.resolve import resolve
from cyclekit.data.augment import Augmentation
from cyclekit.data.kinds import KINDS
from cyclekit.data.layouts import find_domains
from cyclekit.errors import DataError
from cyclekit.training.health import UnsoundError
from cyclekit.training.held_out import Evaluation, Examiner, Finding
from cyclekit.training.loop import train
from cyclekit.training.selection import Selection
from cyclekit.training.stepper import Stepper
from tests.evaluation.worlds import averages
from tests.tiny import tiny_generator
from tests.training.test_loop import assert_same_state
from tests.training.worlds import CPU, TINY, Notes


@pytest.fixture
def domains(tmp_path):
    """Lay out red and blue pictures, four of each held out."""
    draws = np.random.default_rng(0)
    for letter, color in (("A", 2), ("B", 0)):
        for part, count in (("train", 6), ("test", 4)):
            folder = tmp_path / "data" / f"{part}{letter}"
            folder.mkdir(parents=True)
            for number in range(count):
                image = draws.integers(0, 60, (20, 24, 3)).astype(np.uint8)
                image[..., color] += 180
                cv2.imwrite(str(folder / f"{number}.png"), image)
    return find_domains([tmp_path / "data"])


def examiner(domains):
    return Examiner(averages(), domains, Augmentation(None, 16), CPU)


def test_a_generator_that_changes_nothing_keeps_the_layout_and_misses_the_target(domains):
    generator = tiny_generator()
    generator.forward = lambda x: x
    (finding,) = examiner(domains).examine({"ab": generator}, 100).findings
    assert finding.title == "A to B"
    assert finding.structure == pytest.approx(0, abs=1e-6)
    generator.forward = lambda x: x.flip(1)  # red for blue: the true mapping
    (right,) = examiner(domains).examine({"ab": generator}, 100).findings
    assert right.kernel < 0.05 * finding.kernel
    assert right.kernel_error is not None


def test_held_out_pictures_are_needed(tmp_path, domains):
    for path in (tmp_path / "data/testB").iterdir():
        path.unlink()
    with pytest.raises(DataError, match=r"domain 'B' has 0 readable held-out pictures, train\.eva"):
        examiner(find_domains([tmp_path / "data"]))


@pytest.mark.parametrize(
    ("kind", "advice"),
    [
        ("single", "give one folder that holds 'train' and 'test'$"),
        ("labelled", "'train' and 'test', and each of them a folder a class$"),
        ("unpaired", "give test folders, such as testA and testB$"),
    ],
)
def test_advice_fits_the_kind_of_data(domains, kind, advice):
    bare = tuple(replace(domain, held_out=()) for domain in domains)
    with pytest.raises(DataError, match=advice):
        Examiner(averages(), bare, Augmentation(None, 16), CPU, kind)


def test_what_is_missing_is_said_before_the_first_step(tmp_path, domains):
    for path in (tmp_path / "data/testB").iterdir():
        path.unlink()
    config, stops = measured_run(images=8), []
    with pytest.raises(DataError, match="domain 'B' has 0 readable held-out pictures"):
        train(
            config, find_domains([tmp_path / "data"]), tmp_path / "run", device=CPU,
            extractor=averages(), stop=stops.append,
        )  # fmt: skip
    assert not stops


def test_a_run_that_goes_back_does_not_go_behind_its_best_model(tmp_path, domains, monkeypatch):
    """Else the file would hold a model of which the run knows nothing any more."""
    step, exploded = Stepper.step, []

    def explode_once(self, raw):
        step(self, raw)
        if self.learner.progress.images == 12 and not exploded:
            exploded.append(True)
            raise UnsoundError("made up")

    monkeypatch.setattr(Stepper, "step", explode_once)
    config = measured_run(images=16, state_every=100, rescue=True)
    train(config, domains, tmp_path / "run", device=CPU, extractor=averages())
    assert exploded
    lines = [json.loads(line) for line in (tmp_path / "run/log.jsonl").read_text().splitlines()]
    scores = {one["images"]: one["evaluation"]["score"] for one in lines if "evaluation" in one}
    assert list(scores) == [8, 16]
    best = read_info(tmp_path / "run/best.safetensors").provenance
    assert best["evaluation"]["score"] == min(scores.values())
    selection = load_state(tmp_path / "run/state.pt")["selection"]
    assert selection["images"] == best["images"]


def test_noise_is_compared_with_all_that_is_held_out(tmp_path, domains):
    (folder,) = KINDS["single"].find([tmp_path / "data/trainA"], None)
    folder = type(folder)(folder.name, folder.train, domains[0].held_out)
    found = Examiner(averages(), (folder,), Augmentation(None, 16), CPU).examine(
        {"noise": tiny_generator("dcgan")}, 5
    )
    (finding,) = found.findings
    assert finding.title == "noise to trainA"
    assert finding.structure is None
    assert found.score == finding.kernel


def evaluation(images, *kernels):
    findings = tuple(Finding("a to b", kernel, None, None) for kernel in kernels)
    return Evaluation(images, "KID", findings)


def test_the_best_is_the_lowest_mean_and_patience_counts_from_it():
    selection = Selection()
    for images, kernels in enumerate([(9, 7), (3, 9), (6, 6), (8, 8)], start=1):
        selection = selection.after(evaluation(images, *kernels))
    assert selection == Selection(score=6.0, images=2, since=2)
    assert selection.exhausted(2)
    assert not selection.exhausted(3)
    assert not selection.exhausted(None)
    assert selection.after(evaluation(5, 1, 2)) == Selection(1.5, 5, 0)


def measured_run(**settings):
    return resolve([TINY, {"train": {"evaluate_every": 8, "half_life": 0, **settings}}])


def test_best_and_last_are_both_kept(tmp_path, domains):
    config = measured_run(images=40)
    train(config, domains, tmp_path / "run", device=CPU, extractor=averages())
    lines = [json.loads(line) for line in (tmp_path / "run/log.jsonl").read_text().splitlines()]
    scores = {one["images"]: one["evaluation"]["score"] for one in lines if "evaluation" in one}
    assert list(scores) == [8, 16, 24, 32, 40]
    best = read_info(tmp_path / "run/best.safetensors").provenance
    assert scores[best["images"]] == min(scores.values()) == best["evaluation"]["score"]
    assert read_info(tmp_path / "run/model.safetensors").provenance["images"] == 40
    generator, _, _ = load_model(tmp_path / "run/best.safetensors", "ab")
    again = examiner(domains).examine({"ab": generator}, 0).findings[0]
    assert again.kernel == pytest.approx(best["evaluation"]["findings"][0]["kernel"], rel=1e-4)


def test_patience_ends_a_run_that_gets_no_better_and_it_stays_ended(tmp_path, domains):
    config = resolve([measured_run(images=400, patience=2).plain(), {"optimizer": {"rate": 1e-9}}])
    done = train(config, domains, tmp_path / "run", device=CPU, extractor=averages())
    assert done.images < 400
    state = load_state(tmp_path / "run/state.pt")
    assert state["progress"]["images"] == done.images
    assert state["selection"]["since"] == 2
    heard = Notes()
    again = train(
        config, domains, tmp_path / "run", device=CPU, extractor=averages(), listener=heard
    )
    assert again.images == done.images
    reason = (
        f"2 evaluations in a row brought nothing better than the one at {done.images - 16} images "
        "(train.patience=2)"
    )
    assert heard.lines[-1:] == [
        f"ended at {done.images} images: {reason}; a larger --patience goes on"
    ]
    assert endings(tmp_path / "run") == [(done.images, reason)]  # told once
    page = (tmp_path / "run/training.html").read_text()
    assert f"Ended at {done.images} images: <bdi>{reason}</bdi>" in page
    assert "<dt>left</dt>" not in page
    longer = resolve([config.plain(), {"train": {"patience": 3}}])  # a wish that may change
    later = train(longer, domains, tmp_path / "run", device=CPU, extractor=averages())
    assert later.images > done.images
    assert [images for images, _ in endings(tmp_path / "run")] == [done.images, later.images]


def test_less_patience_than_a_run_has_had_ends_it_where_it_stands(tmp_path, domains):
    slow = {"optimizer": {"rate": 1e-9}, "train": {"state_every": 100}}
    config = resolve([measured_run(images=400).plain(), slow])
    tools = {"device": CPU, "extractor": averages()}
    done = train(config, domains, tmp_path / "run", stop=lambda p: p.images >= 34, **tools)
    assert endings(tmp_path / "run") == []
    assert "<dt>left</dt>" in (tmp_path / "run/training.html").read_text()
    strict = resolve([config.plain(), {"train": {"patience": 1}}])
    again = train(strict, domains, tmp_path / "run", **tools)
    assert again.images == done.images
    ((images, reason),) = endings(tmp_path / "run")
    assert images == done.images
    assert reason.endswith("(train.patience=1)")
    assert "Ended at 34 images" in (tmp_path / "run/training.html").read_text()


def endings(run):
    lines = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    return [(one["images"], one["ended"]) for one in lines if "ended" in one]


def test_a_measured_run_resumes_exactly(tmp_path, domains):
    config = measured_run(images=32)
    tools = {"device": CPU, "extractor": averages()}
    train(config, domains, tmp_path / "whole", **tools)
    for images in (10, 20):
        train(config, domains, tmp_path / "parts", stop=lambda p, n=images: p.images >= n, **tools)
    train(config, domains, tmp_path / "parts", **tools)
    assert_same_state(tmp_path / "whole", tmp_path / "parts")
    first, second = (
        read_info(tmp_path / name / "best.safetensors").provenance["evaluation"]
        for name in ("whole", "parts")
    )
    assert first == second


def test_tensorboard_gets_what_the_log_gets(tmp_path, domains):
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    config = measured_run(images=16, tensorboard=True)
    train(config, domains, tmp_path / "run", device=CPU, extractor=averages())
    events = accumulator.EventAccumulator(str(tmp_path / "run/tensorboard")).Reload()
    lines = [json.loads(line) for line in (tmp_path / "run/log.jsonl").read_text().splitlines()]
    logged = {one["images"]: one["cycle_a"] for one in lines if "cycle_a" in one}
    written = {one.step: one.value for one in events.Scalars("run/cycle_a")}
    assert written == pytest.approx(logged)
    assert "health/difference/A_to_B" in events.Tags()["scalars"]
