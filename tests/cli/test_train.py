import subprocess
import sys

import pytest
import yaml

from cyclekit.config.resolve import dump
from tests.training.worlds import tiny_config, two_folders


def cyclekit(*arguments):
    command = [sys.executable, "-m", "cyclekit", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_dry_run_prints_settings_that_can_be_fed_back(tmp_path):
    first = cyclekit(
        "train",
        "a",
        "b",
        "--set",
        "data.crop=64",
        "--minutes",
        3,
        "--keep-discriminators",
        "--dry-run",
    )
    assert first.returncode == 0, first.stderr
    tree = yaml.safe_load(first.stdout)
    assert tree["data"]["crop"] == 64
    assert tree["train"]["keep_discriminators"] is True
    assert (tree["train"]["minutes"], tree["train"]["epochs"]) == (3, None)
    (tmp_path / "config.yaml").write_text(first.stdout)
    second = cyclekit("train", "--config", tmp_path / "config.yaml", "--dry-run")
    assert second.stdout == first.stdout


def test_another_networks_name_says_what_it_drops_beside_pure_yaml():
    other = ["train", "a", "b", "--preset", "painting", "--dry-run"]
    other += ["--set", "generator.width=32", "--set", "generator.name=resnet6"]
    result = cyclekit(*other)
    assert result.returncode == 0, result.stderr
    said = "generator.name=resnet6 drops what was set for mobile: blocks=8"
    assert result.stderr.splitlines() == [said]
    assert yaml.safe_load(result.stdout)["generator"] == {"name": "resnet6", "width": 32}
    assert cyclekit(*other, "--quiet").stderr == ""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["a", "b", "-o", "run", "--set", "generator.name=resnt9"], "did you mean 'resnet9'?"),
        (["a", "b", "-o", "run", "--set", "generator.widht=8"], "did you mean 'width'?"),
        (["a", "b", "-o", "run", "--set", "data.corp=8"], "did you mean 'crop'?"),
        (["a", "b", "-o", "run", "--method", "cyclegun"], "did you mean 'cyclegan'?"),
        (["a", "b", "-o", "run", "--preset", "nope"], "unknown preset 'nope'"),
        (["a", "b", "-o", "run", "--images", "3", "--epochs", "2"], "give one of --images"),
        (["a", "b"], "missing -o RUN"),
        (["-o", "run"], "missing FOLDER"),
        (["a", "b", "-o", "run", "--names", "x", "x"], "expected two different names"),
        (["a", "b", "-o", "run", "--names", "x", " "], "expected two different names"),
        (["a", "b", "-o", "run", "--minutes", "inf"], "input should be a finite number, got inf"),
        (
            ["a", "b", "-o", "run", "--set", f"train.seed={2**64}"],
            "train.seed: input should be less",
        ),
        (["a", "b", "-o", "run", "--config", "c"], "c: cannot be read: No such file or directory"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_2(tmp_path, arguments, message):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    command = [sys.executable, "-m", "cyclekit", "train", *arguments]
    result = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert result.returncode == 2, result.stderr
    assert message in result.stderr
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "run").exists()


def test_a_missing_folder_is_one_line_and_exit_1(tmp_path):
    result = cyclekit("train", tmp_path / "a", tmp_path / "b", "-o", tmp_path / "run")
    assert result.returncode == 1
    assert result.stderr.strip().endswith("no such folder or video")


def test_a_small_run_prints_its_model(tmp_path):
    two_folders(tmp_path)
    (tmp_path / "tiny.yaml").write_text(dump(tiny_config(images=4)))
    result = cyclekit(
        "train", tmp_path / "red", tmp_path / "blue", "-o", tmp_path / "run",
        "--config", tmp_path / "tiny.yaml",
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip() == str(tmp_path / "run/model.safetensors")
    assert "images/s" in result.stderr
    assert "left" in result.stderr
