import numpy as np
import pytest

from cyclekit.bench.contenders import Contender
from cyclekit.bench.result import Measured, Row, make_row, recommend


def measured(seconds, picture=None, precision="fp32"):
    made = np.zeros((2, 2, 3), np.uint8) if picture is None else picture
    one = Contender("m", "torch", precision, "m", None, "cpu")
    return Measured(one, tuple(seconds), 10_000_000, made)


def test_a_row_holds_the_median_and_how_far_runs_are_apart():
    first = measured([0.1, 0.2, 0.3])
    row = make_row(first, first, parameters=5, macs=10**9, peak=20e9)
    assert (row.ms, row.frames_per_second) == (200, 5)
    assert row.noise == pytest.approx(1.0)
    assert row.peak_share == pytest.approx(2e9 / 0.2 / 20e9)
    assert (row.levels, row.psnr, row.memory_mb) == (0, 100, 10)


def test_a_row_says_how_far_its_result_is_from_the_first():
    other = measured([0.1] * 3, np.full((2, 2, 3), 2, np.uint8))
    row = make_row(other, measured([0.1] * 3), parameters=None, macs=None, peak=1.0)
    assert row.levels == 2
    assert row.psnr == pytest.approx(10 * np.log10(255**2 / 4))
    assert row.peak_share is None


def row(program, ms, levels=0.0, noise=0.05):
    return Row("m", program, "fp32", 1, 1, ms, noise, 1000 / ms, 1, None, levels, 40)


def test_the_fastest_that_does_not_change_the_picture_is_recommended():
    rows = [row("torch", 30), row("openvino", 10), row("onnxruntime", 5, levels=3)]
    assert recommend(rows) == (
        "openvino fp32: 10.0 ms; onnxruntime fp32 takes 5.0 ms, but is 40.0 dB from float32"
    )


def test_a_lead_within_the_noise_is_called_none():
    assert "no clear lead over torch fp32" in recommend([row("torch", 10.4), row("openvino", 10)])
    assert "clear lead" not in recommend([row("torch", 12), row("openvino", 10)])
