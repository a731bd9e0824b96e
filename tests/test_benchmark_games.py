"""What tools/benchmark_games.py counts is counted right; its runs are made by hand."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from games import mappings
from games.conditional import variety
from games.counting import count_modes, spread
from games.known import KNOWN, Known, answers, asked
from games.playing import Game, OutOfTimeError, Table
from games.plots import TITLE
from games.recipes import points
from games.two_colours import BLUE, RED, error, recoloured
from games.worlds import Digits, Ring

from cyclekit.media.images import read_rgb


def point(x, y):
    return np.rint((np.array([[[x, y, 0.0]]]) + 1) * 127.5).astype(np.uint8)


def test_points_belong_to_the_nearest_mode_and_count_within_three_deviations():
    verdict = Ring().judge([point(0.7, 0.0), point(0.0, 0.72), point(-0.7, 0.12), point(0, 0)])
    assert verdict.mode[:3].tolist() == [0, 2, 4]
    assert verdict.good.tolist() == [True, True, False, False]


def test_a_mode_is_covered_from_one_percent_of_all_pictures():
    rare = [point(0.7, 0.0)] * 197 + [point(0.0, 0.7)] * 2 + [point(-0.7, 0.0)]
    found = count_modes(Ring(), rare)
    assert found == {"modes": 2, "good": 1.0, "counts": [197, 0, 2, 0, 1, 0, 0, 0]}


def test_the_ring_that_is_learned_is_good_and_whole(tmp_path):
    folder = Ring().lay_out(tmp_path / "ring")
    pictures = [read_rgb(path) for path in sorted(folder.rglob("*.png"))[::16]]
    found = count_modes(Ring(), pictures)
    assert len(pictures) == 128
    assert found["modes"] == 8
    assert found["good"] > 0.97  # 98.9 % of a Gaussian in the plane lie within three deviations
    assert found["counts"][0] == pytest.approx(16, abs=2)


def test_the_reader_never_saw_the_digits_that_it_is_measured_on():
    digits = Digits()
    shown, kept = digits.real("shown"), digits.real("kept")
    assert (len(shown), len(kept)) == (1198, 599)
    assert not {one.tobytes() for one in shown} & {one.tobytes() for one in kept}
    assert digits.reads > 0.98
    read = digits.judge(digits.by_class("shown")[3])
    assert (read.mode == 3).mean() > 0.95


def test_noise_is_no_good_digit():
    noise = np.random.default_rng(0).integers(0, 256, (50, 8, 8, 1)).astype(np.uint8)
    digits = Digits()
    assert not digits.judge(list(noise.repeat(3, axis=3))).good.any()
    assert digits.judge(digits.real("shown")).good.mean() == pytest.approx(0.95, abs=0.001)


def test_variety_is_the_mean_distance_of_two():
    pictures = [np.full((1, 1, 3), level, np.uint8) for level in (0, 1, 3)]
    assert variety(pictures) == pytest.approx(np.sqrt(3) * (1 + 3 + 2) / 3)


def test_seeds_are_averaged():
    assert spread([1, 3]) == {"mean": 2.0, "deviation": pytest.approx(np.sqrt(2), abs=1e-4)}
    assert spread([1])["deviation"] == 0


def test_minutes_end_a_game_and_it_goes_on(tmp_path):
    game = Game("short", Ring(), [points(64)])
    with pytest.raises(OutOfTimeError):
        Table(tmp_path, ends=0).play(game)
    table = Table(tmp_path)
    run = table.play(game)
    assert (run / "model.safetensors").exists()
    assert table.once(game, lambda _: {"value": 1}) == {"value": 1}
    assert table.once(game, lambda _: {"value": 2}) == {"value": 1}


def test_the_known_world_is_measured_once_and_drawn(tmp_path, monkeypatch):
    short = {name: replace(KNOWN[name], steps=1, count=2) for name in ("distill", "recycle")}
    monkeypatch.setattr(mappings, "KNOWN", short)
    found = mappings.run(Table(tmp_path), tmp_path, seeds=1)
    assert found["untouched"] == pytest.approx(error(*asked("ab")), abs=1e-4)
    assert found["one colour"] < 0.5 * found["untouched"]
    assert set(found["distill"]) == {"steps", "count", "ab off", "ab alike"}
    assert {"ba off", "ba alike"} <= set(found["recycle"])
    for name, rows in (("distill", 3), ("recycle", 6)):
        sheet = read_rgb(tmp_path / f"world-{name}.png")
        assert sheet.shape == (52 * rows - 4, TITLE + 52 * mappings.SHOWN - 4, 3)
    monkeypatch.setattr(Known, "play", None)
    assert mappings.run(Table(tmp_path), tmp_path, seeds=1) == found
    with pytest.raises(OutOfTimeError):
        Table(tmp_path, ends=0).kept("another", dict)


def test_the_true_mapping_is_no_way_off_and_one_colour_is_not_alike():
    class Perfect:
        def translators(self):
            return {"ab": lambda x: recoloured(x, RED, BLUE), "ba": torch.zeros_like}

    found = answers(Perfect())
    assert found["ab"].off == 0
    assert found["ab"].alike == pytest.approx(1, abs=1e-5)
    assert not found["ba"].alike > 0  # not a number: nothing varies
