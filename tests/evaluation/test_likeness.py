import numpy as np
import pytest
import torch

from cyclekit.evaluation.likeness import (
    CYCLE,
    TARGET,
    compare_cycle,
    compare_with_source,
    compare_with_target,
    score_likeness,
)
from cyclekit.evaluation.pile import pile_of_folder
from cyclekit.media.images import Picture, write
from cyclekit.metrics.paired import psnr, rmse, ssim
from tests.evaluation.worlds import Ears, paint, scene


def levels(image):
    return torch.from_numpy(image.astype(np.float32)).permute(2, 0, 1)[None]


def test_every_pair_is_measured_by_the_formulas(tmp_path):
    target, output = paint(tmp_path / "t", 3), paint(tmp_path / "o", 3, tint=7)
    found = compare_with_target(target, output, Ears())
    x, y = levels(scene(2)), levels(scene(2, tint=7))
    assert found["rmse"]["2"] == pytest.approx(float(rmse(x, y)))
    assert found["ssim"]["2"] == pytest.approx(float(ssim(x, y)))
    assert found["within5"]["2"] == 0  # red and blue are 7 off, except where clipped
    assert found["within10"]["2"] == 1
    assert "lpips" not in found
    assert compare_cycle(target, output, Ears())["cycle"]["2"] == pytest.approx(float(psnr(x, y)))


def test_a_learned_distance_is_asked_where_it_is_given(tmp_path):
    class Brightness(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = torch.nn.Parameter(torch.ones(1))

        def forward(self, x, y):
            return (x - y).mean((1, 2, 3))

    target, output = paint(tmp_path / "t", 2), paint(tmp_path / "o", 2, tint=0)
    found = compare_with_target(target, output, Ears(), Brightness())
    assert found["lpips"] == {"0": 0.0, "1": 0.0}


def test_a_target_of_another_size_is_resized_to_the_output(tmp_path):
    paint(tmp_path / "t", 2)
    write(tmp_path / "t/0.png", Picture(scene(0, side=64)))
    output = paint(tmp_path / "o", 2)
    found = compare_with_target(pile_of_folder(tmp_path / "t"), output, Ears())
    assert set(found["rmse"]) == {"0", "1"}


def test_edges_of_a_tinted_picture_are_the_inputs(tmp_path):
    source, output = paint(tmp_path / "s", 2), paint(tmp_path / "o", 2, tint=10)
    other = paint(tmp_path / "x", 2, first=40)
    same = compare_with_source(source, output, Ears())["edges"]["0"]
    assert same > 0.9 > 0.6 > compare_with_source(source, other, Ears())["edges"]["0"]


def test_broken_pairs_are_said_and_left_out(tmp_path):
    target, output, ears = paint(tmp_path / "t", 3), paint(tmp_path / "o", 3), Ears()
    (tmp_path / "o/1.png").write_bytes(b"broken")
    found = compare_with_target(target, output, ears)
    assert set(found["rmse"]) == {"0", "2"}
    assert str(tmp_path / "o/1.png") in ears.failures[0]


def test_means_have_errors_and_a_baseline():
    values = {"rmse": {"a": 1.0, "b": 3.0}, "psnr": {"a": 20.0, "b": 30.0}}
    rmse_score, psnr_score = score_likeness(
        "mine", "2 pairs", TARGET, values, {"rmse": {"a": 5.0, "b": 7.0}}
    )
    assert (rmse_score.value, rmse_score.error, rmse_score.nothing) == (2, 1, 6)
    assert (psnr_score.name, psnr_score.better) == ("PSNR, dB (2 pairs)", "higher")
    assert psnr_score.nothing is None
    assert score_likeness("mine", "", CYCLE, values) == []
