import json
import subprocess
import sys

import cv2
import numpy as np
import pytest
import yaml

from cyclekit.checkpoint.model import read_info
from cyclekit.hub.open import open_generator
from tests.export.networks import negative
from tests.tiny import tiny_model
from tests.training.worlds import two_folders

SMALL = ("--width", "8", "--blocks", "1", "--set", "data.load=20", "--set", "data.crop=16",
         "--set", "discriminator.width=8", "--set", "discriminator.layers=1")  # fmt: skip


def distill(folder, *arguments, sizes=SMALL):
    places = ["distill", "teacher.safetensors", "red", *sizes, "--cache", "kept"]
    command = [sys.executable, "-m", "cyclekit", *places, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)


@pytest.fixture
def desk(tmp_path):
    two_folders(tmp_path)
    tiny_model(tmp_path / "teacher.safetensors", ("red", "pale"))
    return tmp_path


def test_a_student_keeps_the_names_and_says_who_taught_it(desk):
    result = distill(desk, "-o", "run", "--images", "6")
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip() == "run/model.safetensors"
    assert "width 8, blocks 1" in result.stderr
    info = read_info(desk / "run/model.safetensors")
    assert info.abilities() == ("red-to-pale",)
    assert info.provenance["teacher"].startswith("teacher.safetensors (")
    assert str(desk) not in json.dumps(info.provenance)
    assert open_generator(desk / "run", "pale").names == ("red", "pale")
    kept = {file: file.stat().st_mtime_ns for file in (desk / "kept").rglob("*.png")}
    assert len(kept) == 5
    again = distill(desk, "-o", "run", "--images", "6")
    assert again.returncode == 0, again.stderr
    assert {file: file.stat().st_mtime_ns for file in (desk / "kept").rglob("*.png")} == kept
    tiny_model(desk / "teacher.safetensors", ("red", "dark"))
    other = distill(desk, "-o", "run", "--images", "6")
    assert other.returncode == 2
    assert "was started with another" in other.stderr
    assert len(list((desk / "kept").rglob("*.png"))) == 5, "the new teacher taught nothing"


def test_a_folder_that_cannot_be_used_is_refused_before_the_teacher_begins(desk):
    (desk / "file").touch()
    (desk / "album").mkdir()
    (desk / "album" / "holiday.jpg").touch()
    for folder, code, message in [
        ("file", 1, "file: cannot be a run's folder: a file stands in its way"),
        ("file/run", 1, "file/run: cannot be a run's folder: a file stands in its way"),
        ("album", 2, "album: not empty and not a run; give a new folder"),
    ]:
        result = distill(desk, "-o", folder, "--images", "6")
        assert (result.returncode, result.stderr.strip()) == (code, f"error: {message}")
    too_small = distill(desk, "-o", "run", "--images", "6", "--set", "data.crop=7")
    assert too_small.returncode == 2
    assert not (desk / "kept").exists()
    assert not (desk / "run").exists()
    assert sorted(one.name for one in (desk / "album").iterdir()) == ["holiday.jpg"]


def test_an_onnx_file_teaches(desk):
    negative(desk / "teacher.onnx")
    places = ["distill", "teacher.onnx", "red", *SMALL, "--cache", "kept", "-o", "run"]
    command = [sys.executable, "-m", "cyclekit", *places, "--images", "6"]
    result = subprocess.run(command, capture_output=True, text=True, check=False, cwd=desk)
    assert result.returncode == 0, result.stderr
    info = read_info(desk / "run/model.safetensors")
    assert info.provenance["teacher"].startswith("teacher.onnx (")
    taught = [cv2.imread(str(path)).mean() for path in (desk / "kept").rglob("*.png")]
    given = [cv2.imread(str(path)).mean() for path in (desk / "red").iterdir()]
    assert np.mean(taught) == pytest.approx(255 - np.mean(given), abs=2)


def test_settings_are_printed_and_fed_back(desk):
    first = distill(desk, "--target-mac", "0.2G", "--dry-run", sizes=())
    assert first.returncode == 0, first.stderr
    tree = yaml.safe_load(first.stdout)
    assert tree["method"]["name"] == "distill"
    assert tree["data"]["names"] == ["red", "pale"]
    assert tree["generator"]["width"] >= 16
    assert not (desk / "kept").exists()
    (desk / "config.yaml").write_text(first.stdout)
    second = distill(desk, "--config", "config.yaml", "--dry-run", sizes=())
    assert second.stdout == first.stdout


def test_a_plan_keeps_nothing(desk):
    result = distill(desk, "--plan", "--epochs", "8")
    assert result.returncode == 0, result.stderr
    lines = dict(line.split(maxsplit=1) for line in result.stdout.splitlines())
    assert {"speed", "memory", "largest", "time", "teacher"} == lines.keys()
    assert lines["time"].startswith("40 images")
    assert "5 pictures" in lines["teacher"]
    assert sorted(path.name for path in desk.iterdir()) == ["blue", "red", "teacher.safetensors"]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--images", "4"], 2, "missing -o RUN"),
        (["-o", "run", "--target-mac", "1G"], 2, "not several"),
        (["-o", "run", "--target-mac", "much"], 2, "'much' is no number of multiplications"),
        (["-o", "run", "--images", "4", "--vgg", "absent"], 2, "absent"),
        (["-o", "run", "--images", "4", "--epochs", "2"], 2, "give one of --images"),
        (["-o", "run", "--images", "4", "gone"], 1, "gone: no such folder"),
    ],
)
def test_what_makes_no_sense_is_one_line(desk, arguments, code, message):
    result = distill(desk, *arguments)
    assert (result.returncode, message in result.stderr) == (code, True), result.stderr
    assert "Traceback" not in result.stderr
    assert not (desk / "run").exists()
