"""From two folders to pictures of few colours, through the command line."""

import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from cyclekit.checkpoint.model import read_info
from cyclekit.media.images import read
from tests.tiny import picture

COLORS = np.array([[16, 32, 48], [160, 176, 192], [255, 128, 0]], np.uint8)
SMALL = (
    "generator.width=8 generator.blocks=1 discriminator.width=8 discriminator.layers=1 "
    "data.crop=16 train.batch=2"
)


def run(*arguments: object) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "cyclekit", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Photographs, pixel art, and a run that learned from both."""
    folder = tmp_path_factory.mktemp("desk")
    for name in ("photos", "art"):
        (folder / name).mkdir()
    for i in range(3):
        cv2.imwrite(str(folder / f"photos/{i}.png"), picture(24, 32, seed=i))
        places = np.random.default_rng(i).integers(0, 3, (20, 20)).astype(np.uint8)
        image = Image.fromarray(places)
        image.putpalette(COLORS.tobytes())
        image.save(folder / f"art/{i}.png")
    settings = [part for setting in SMALL.split() for part in ("--set", setting)]
    done = run(
        "train", folder / "photos", folder / "art", "-o", folder / "run", "--preset", "pixel-art",
        "--images", 4, "-q", *settings, "--set", f"generator.colors={folder / 'art/0.png'}",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return folder


def test_the_palette_is_in_the_model_file(desk: Path) -> None:
    options = read_info(desk / "run/model.safetensors").generator.options
    assert options["colors"] == ["#102030", "#a0b0c0", "#ff8000"]
    assert str(desk) not in (desk / "run/config.yaml").read_text().split("roots:")[0]
    shown = json.loads(run("models", "show", desk / "run", "--json").stdout)
    assert shown["palette"] == ["#102030", "#a0b0c0", "#ff8000"]
    assert "palette" in run("models", "show", desk / "run").stdout


def test_pictures_come_out_in_its_colours(desk: Path, tmp_path: Path) -> None:
    done = run("translate", desk / "photos", "-o", tmp_path, "-m", desk / "run", "--tile", 16)
    assert done.returncode == 0, done.stderr
    paths = [Path(line) for line in done.stdout.splitlines()]
    assert len(paths) == 3
    for path in paths:
        with Image.open(path) as image:
            assert image.mode == "P"
        found = {tuple(row) for row in read(path).pixels.reshape(-1, 3).tolist()}
        assert found <= {tuple(row) for row in COLORS.tolist()}


def test_the_way_back_has_all_colours(desk: Path, tmp_path: Path) -> None:
    done = run(
        "translate", desk / "art/0.png", "-o", tmp_path / "photo.png",
        "-m", desk / "run", "--direction", "ba",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    with Image.open(tmp_path / "photo.png") as image:
        assert image.mode == "RGB"


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("generator.colors=nowhere.hex", "generator.colors: no file 'nowhere.hex'"),
        ("generator.colors=#1a1c2c", "colors must be a number from 2 to 256, or as many colours"),
    ],
)
def test_settings_that_make_no_palette_are_refused_in_a_line(
    desk: Path, setting: str, message: str
) -> None:
    done = run(
        "train", desk / "photos", desk / "art", "--preset", "pixel-art", "--set", setting,
        "--dry-run",
    )  # fmt: skip
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
