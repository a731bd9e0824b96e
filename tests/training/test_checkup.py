"""Runs built to fail, each in its own way, are told so; a healthy one is left in peace."""

import json
import re
from html import unescape

import cv2
import numpy as np
import pytest

from cyclekit.checkpoint.state import load_state
from cyclekit.config.resolve import resolve
from cyclekit.config.schema import Config
from cyclekit.data.layouts import find_domains
from cyclekit.errors import TrainingError
from cyclekit.methods import METHODS
from cyclekit.training import diagnosis
from cyclekit.training.diagnosis import SYMPTOMS, Diagnosis, has_setting
from cyclekit.training.health import UnsoundError
from cyclekit.training.loop import train
from cyclekit.training.page.curves import read_log
from cyclekit.training.progress import Progress
from cyclekit.training.stepper import Stepper
from tests.training.test_loop import assert_same_state
from tests.training.worlds import CPU, TINY, Notes

SIDE = 16


def smooth(draws, count, low=40, high=215):
    """Draw pictures of a few soft blobs."""
    coarse = draws.integers(low, high, (count, 4, 4, 3)).astype(np.uint8)
    return [cv2.resize(one, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC) for one in coarse]


def two_piles(folder, one, other):
    for name, pictures in (("one", one), ("other", other)):
        (folder / name).mkdir(parents=True)
        for number, picture in enumerate(pictures):
            cv2.imwrite(str(folder / name / f"{number}.png"), picture)
    return find_domains([folder / "one", folder / "other"])


def blobs(folder):
    draws = np.random.default_rng(0)
    return two_piles(folder, smooth(draws, 12), smooth(draws, 12))


def run(folder, domains, *trees, **train_settings):
    settings = {"images": 160, "batch": 8, "log_every": 16, "state_every": 64, "half_life": 0}
    settings |= {"sample_every": 10**6, **train_settings}
    config = resolve([TINY, {"optimizer": {"hold": 1.0}}, {"train": settings}, *trees])
    notes = Notes()
    train(config, domains, folder / "run", device=CPU, listener=notes)
    return notes


@pytest.fixture
def impatient(monkeypatch):
    """Let warnings come from the start, where a test does not train for long."""
    monkeypatch.setattr(diagnosis, "GRACE", 0)


NOTHING_LEARNED = {"optimizer": {"rate": 1e-12}}


def test_a_run_that_changes_nothing_is_told_to_raise_its_rate(tmp_path, impatient):
    notes = run(tmp_path, blobs(tmp_path), NOTHING_LEARNED)
    (line,) = [line for line in notes.health() if "no longer change" in line and "to other" in line]
    assert line.startswith("health: one to other: outputs no longer change, 0.000 of 255 levels")
    assert line.endswith("raise optimizer.rate")


def test_outputs_that_are_all_alike_are_a_collapse(tmp_path, impatient):
    notes = run(tmp_path, blobs(tmp_path), NOTHING_LEARNED, gain=1e-4)
    (line,) = [line for line in notes.health() if "one to other: outputs resemble" in line]
    assert "what real pictures differ by; " in line
    assert line.endswith("set discriminator.others=deviation")


def test_a_discriminator_that_wins_is_told_to_slow_down(tmp_path, impatient):
    draws = np.random.default_rng(0)
    domains = two_piles(tmp_path, smooth(draws, 12, 0, 60), smooth(draws, 12, 190, 255))
    rates = {"optimizer": {"rate": 1e-9, "rate_discriminator": 0.02}}
    notes = run(tmp_path, domains, rates, images=320)
    lines = [line for line in notes.health() if "never in doubt" in line]
    assert {line.split(": ")[1] for line in lines} == {"d_a", "d_b"}
    assert all(line.endswith("lower optimizer.rate_discriminator") for line in lines)


def test_crops_with_nothing_on_them_are_seen(tmp_path, impatient):
    white = [np.full((96, 96, 3), 255, np.uint8) for _ in range(6)]
    for picture in white:
        picture[40:50, 40:50] = 30
    domains = two_piles(tmp_path, white, smooth(np.random.default_rng(0), 6))
    notes = run(tmp_path, domains, images=64)
    (line,) = [line for line in notes.health() if "show nothing" in line]
    assert line.startswith("health: one: ")
    assert line.endswith("a larger data.crop, a smaller data.load, or data.fit=whole")


def test_a_checkerboard_is_seen(tmp_path, impatient):
    boards = {"generator": {"name": "resnet", "width": 8, "blocks": 1}}
    notes = run(tmp_path, blobs(tmp_path), boards, NOTHING_LEARNED, gain=0.3)
    lines = [line for line in notes.health() if "a pattern of 2 or 4 px" in line]
    assert len(lines) == 2
    assert all(line.endswith("set generator.up=resize") for line in lines)


def test_outputs_that_are_their_inputs_are_seen(tmp_path, impatient):
    draws = np.random.default_rng(0)
    domains = two_piles(tmp_path, smooth(draws, 12, 90, 160), smooth(draws, 12, 90, 160))
    same = (
        {"generator": {"name": "unet", "depth": 2, "width": 16, "norm": "none"}},
        {"method": {"identity": 20.0, "cycle": 20.0}},
        {"optimizer": {"rate": 3e-3, "rate_discriminator": 1e-6}},
    )
    notes = run(tmp_path, domains, *same, images=480, initialization="xavier", gain=1.0)
    lines = [line for line in notes.health() if "nearly the inputs" in line]
    assert lines, notes.lines
    assert all(line.endswith("lower method.identity") for line in lines)


def spots(draws, count, ground, spot):
    """Draw one soft spot of any place on a ground."""
    made = []
    for _ in range(count):
        y, x = draws.uniform(3, SIDE - 3, 2)
        rows, columns = np.mgrid[:SIDE, :SIDE]
        weight = np.exp(-((rows - y) ** 2 + (columns - x) ** 2) / 18)[..., None]
        made.append((ground + (spot - ground) * weight + draws.normal(0, 3, 3)).astype(np.uint8))
    return made


def inverted(folder):
    """Lay out light spots on dark grounds and dark ones on light: a critic asks for inversion."""
    draws = np.random.default_rng(0)
    return two_piles(folder, spots(draws, 24, 60, 230), spots(draws, 24, 200, 30))


INVERTING = (
    {"method": {"identity": 0.0, "cycle": 5.0}},
    {"optimizer": {"rate": 5e-3, "rate_discriminator": 5e-3}},
)


def test_inverted_brightness_is_seen_and_rescued(tmp_path, impatient):
    domains = inverted(tmp_path)
    notes = run(tmp_path, domains, *INVERTING, images=240, rescue=True)
    lines = [line for line in notes.health() if "light became dark" in line]
    assert lines, notes.lines
    assert "set method.identity=0.5" in lines[0]
    assert lines[0].endswith("rescue: identity is kept for 2000 images")
    log = [json.loads(line) for line in (tmp_path / "run/log.jsonl").read_text().splitlines()]
    assert "identity_a" not in log[0]
    assert log[-1]["identity_a"] > 0
    assert warned(tmp_path / "run") == [line.removeprefix("health: ") for line in notes.health()]


def warned(folder):
    """Return what a run's log says of its health, and see that its page says the same."""
    texts = [text for _, text in read_log(folder / "log.jsonl").warnings]
    page = unescape((folder / "training.html").read_text(encoding="utf-8"))
    assert [text for text in texts if f"<bdi>{text}</bdi>" not in page] == []
    assert page.count("<li>at ") == len(texts)
    return texts


def test_a_rescued_run_resumes_exactly(tmp_path, impatient):
    """Stopped after the rescue, and between two ticks of a symptom that is still growing."""
    rates = {"optimizer": {"rate": 1e-9, "rate_discriminator": 0.02}}
    config = resolve([TINY, rates, {"train": SHORT | {"images": 120, "log_every": 8}}])
    domains = blobs(tmp_path)
    notes = Notes()
    train(config, domains, tmp_path / "whole", device=CPU, listener=notes)
    assert any("rescue: the discriminators' rate is" in line for line in notes.lines)
    for images in (28, 84):
        train(config, domains, tmp_path / "parts", device=CPU, stop=lambda p: p.images >= images)  # noqa: B023
    train(config, domains, tmp_path / "parts", device=CPU)
    assert_same_state(tmp_path / "whole", tmp_path / "parts")
    assert load_state(tmp_path / "parts/state.pt")["remedies"]["rates"]["discriminators"] < 1
    assert warned(tmp_path / "parts") == warned(tmp_path / "whole") == [
        line.removeprefix("health: ") for line in notes.health()
    ]  # fmt: skip


SHORT = {"batch": 4, "state_every": 16, "rescue": True, "half_life": 0}


def test_a_run_that_explodes_goes_back_and_goes_on(tmp_path):
    """The first rate is far too high; a part of it is not."""
    wild = {"optimizer": {"rate": 4.0}, "train": {"loss_limit": 3000.0, "images": 96}}
    config = resolve([TINY, {"train": SHORT}, wild])
    domains, notes = blobs(tmp_path), Notes()
    progress = train(config, domains, tmp_path / "run", device=CPU, listener=notes)
    assert progress.done
    lines = notes.health()
    assert "loss '" in lines[0]
    assert re.search(r"rescue: back to \d+ images, half of every rate", lines[0])
    state = load_state(tmp_path / "run/state.pt")
    assert state["remedies"]["rates"]["generators"] == 0.5 ** len(lines)
    log = [json.loads(line) for line in (tmp_path / "run/log.jsonl").read_text().splitlines()]
    images = [line["images"] for line in log if "seconds" in line]
    assert images == sorted(set(images))
    assert warned(tmp_path / "run") == [line.removeprefix("health: ") for line in lines]
    part = train(config, domains, tmp_path / "parts", device=CPU, stop=lambda p: p.images >= 40)
    assert not part.done
    train(config, domains, tmp_path / "parts", device=CPU)
    assert_same_state(tmp_path / "run", tmp_path / "parts")
    assert warned(tmp_path / "run") == warned(tmp_path / "parts")


def test_a_run_that_goes_on_exploding_is_stopped(tmp_path):
    config = resolve([TINY, {"optimizer": {"rate": 1e30}, "train": SHORT}])
    notes = Notes()
    with pytest.raises(TrainingError, match=r"is nan|reached|over train\.loss_limit"):
        train(config, blobs(tmp_path), tmp_path / "run", device=CPU, listener=notes)
    assert len(notes.health()) == 3


def test_a_run_of_minutes_that_goes_back_keeps_its_length(tmp_path, monkeypatch):
    """Counted anew, with the lost time but not the lost pictures, it would end at once."""
    lengths = []
    step = Stepper.step

    def explode_once_the_length_is_known(self, raw):
        step(self, raw)
        progress = self.learner.progress
        if progress.total is not None and not lengths:
            lengths.append(progress.total)
            raise UnsoundError("made up")

    monkeypatch.setattr(Stepper, "step", explode_once_the_length_is_known)
    minutes = {"images": None, "minutes": 0.05, "batch": 1, "state_every": 100_000, "rescue": True}
    config = resolve([TINY, {"train": minutes}])
    notes = Notes()
    progress = train(config, blobs(tmp_path), tmp_path / "run", device=CPU, listener=notes)
    assert notes.health() == ["health: made up; rescue: back to 0 images, half of every rate"]
    assert lengths == [progress.total]
    assert progress.images == progress.total


def test_lost_time_counts_only_once_the_length_is_known():
    moment = Progress(images=8, seconds=2.0)
    assert moment.again_after(Progress(images=20, seconds=9.0)) == moment
    assert moment.again_after(Progress(20, 40, 9.0)) == Progress(8, 40, 9.0)


def test_a_healthy_run_is_left_in_peace(tmp_path):
    draws = np.random.default_rng(0)
    domains = two_piles(tmp_path, smooth(draws, 24, 0, 120), smooth(draws, 24, 120, 255))
    notes = run(
        tmp_path, domains, {"optimizer": {"rate": 2e-3}},
        images=1424, batch=16, log_every=128, half_life=100, state_every=10**6,
    )  # fmt: skip
    assert notes.health() == []
    log = [json.loads(line) for line in (tmp_path / "run/log.jsonl").read_text().splitlines()]
    assert set(log[-1]["health"]) == {symptom.sign for symptom in SYMPTOMS}  # all was looked at
    assert all(line["warnings"] == [] for line in log)


@pytest.mark.parametrize("name", METHODS.names())
def test_advice_names_settings_that_the_run_has(name):
    config = Config.model_validate({"method": {"name": name}})
    advice = Diagnosis(config).advice
    assert set(advice) == {symptom.name for symptom in SYMPTOMS}
    for text in advice.values():
        for setting in re.findall(r"(?:method|generator|discriminator|data|optimizer)\.\w+", text):
            assert has_setting(config, setting), text


def test_no_pictures_of_a_net_that_is_not_trained_long_enough_count(tmp_path):
    notes = run(tmp_path, blobs(tmp_path), NOTHING_LEARNED)
    assert notes.health() == []
