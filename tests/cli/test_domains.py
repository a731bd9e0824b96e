"""Models of many domains, from the command line."""

import json
import os
import subprocess
import sys

import cv2
import numpy as np
import pytest

import cyclekit
from cyclekit.errors import UsageError
from tests.tiny import picture, tiny_domain_model, tiny_model


def run(folder, *arguments):
    command = [sys.executable, "-m", "cyclekit", *arguments]
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, env={**os.environ}
    )


@pytest.fixture
def desk(tmp_path):
    (tmp_path / "photos").mkdir()
    for number in range(2):
        cv2.imwrite(str(tmp_path / f"photos/{number}.png"), picture(20, 28, seed=number))
    tiny_domain_model(tmp_path / "many.safetensors", ("dress", "shoes", "t-shirt"))
    tiny_model(tmp_path / "two.safetensors")
    return tmp_path


def test_translate_goes_to_the_domain_and_style_that_are_asked_for(desk):
    made = {}
    for name, *how in (
        ("plain", "t-shirt"),
        ("styled", "t-shirt", "--style", "3"),
        ("other", "dress"),
    ):
        result = run(
            desk, "translate", "photos", "-o", name, "-m", "many.safetensors", "--precision", "fp32",
            "--to", *how,
        )  # fmt: skip
        assert result.returncode == 0, result.stderr
        assert f"any to {how[0]}" in result.stderr
        made[name] = cv2.imread(str(desk / name / "0.png")).astype(int)
        assert made[name].shape == (20, 28, 3)
    for one, two in (("plain", "styled"), ("plain", "other")):
        assert np.abs(made[one] - made[two]).mean() > 0.5


def test_models_show_names_every_domain(desk):
    shown = json.loads(run(desk, "models", "show", "many.safetensors", "--json").stdout)
    assert shown["kind"] == "domains"
    assert shown["directions"] == ["any-to-dress", "any-to-shoes", "any-to-t-shirt"]


@pytest.mark.parametrize(
    ("model", "how", "message"),
    [
        ("many", {"direction": "tshirt"}, "unknown domain 'tshirt'; the model knows dress, shoes, t-sh"),
        ("many", {}, "name the domain to turn pictures into, --to: dress, shoes, t-shirt"),
        ("two", {"style": 3}, "knows one style only; leave --style 3 out"),
    ],
)  # fmt: skip
def test_what_the_model_does_not_know_is_refused(desk, model, how, message):
    with pytest.raises(UsageError, match=message):
        cyclekit.load(desk / f"{model}.safetensors", **how)


def test_one_style_only_is_said_of_many_domains_too(tmp_path):
    path = tiny_domain_model(tmp_path / "m.safetensors", style=0)
    assert cyclekit.load(path, "cat")(picture()).shape == (16, 16, 3)
    with pytest.raises(UsageError, match="knows one style only"):
        cyclekit.load(path, "cat", style=1)


def test_tiles_give_the_same_picture(desk):
    image = picture(64, 72)
    whole, tiled = (
        cyclekit.load(desk / "many.safetensors", "shoes", style=1, precision="fp32", tile=tile)(
            image
        )
        for tile in ("off", 32)
    )
    assert np.abs(whole.astype(int) - tiled).max() <= 1


def test_folders_become_the_domains_of_one_model(desk):
    for name in ("dress", "shoes", "t-shirt"):
        (desk / "clothing" / name).mkdir(parents=True)
        for number in range(3):
            cv2.imwrite(str(desk / f"clothing/{name}/{number}.png"), picture(20, 20, seed=number))
    small = {
        "generator.width": 4, "generator.blocks": 1, "discriminator.width": 4,
        "discriminator.layers": 1, "data.load": "null", "data.crop": 16, "train.batch": 3,
    }  # fmt: skip
    settings = [part for key, value in small.items() for part in ("--set", f"{key}={value}")]
    folders = [f"clothing/{name}" for name in ("dress", "shoes", "t-shirt")]
    result = run(desk, "train", "--domains", *folders, "-o", "run", "--images", "6", *settings)
    assert result.returncode == 0, result.stderr
    (sheet,) = (desk / "run/samples").glob("*.png")
    assert cv2.imread(str(sheet)).shape == (6 * 20 - 4, 4 * 20 - 4, 3)
    assert cyclekit.load(desk / "run", "t-shirt", style=2)(picture(20, 20)).shape == (20, 20, 3)


def test_domains_are_for_stargan(desk):
    result = run(desk, "train", "--domains", "photos", "-o", "run", "--method", "gan")
    assert result.returncode == 2
    assert "--domains is for stargan, not for gan" in result.stderr
