"""Control as a user meets it: the options of `translate`."""

import json
import subprocess
import sys
from pathlib import Path

import click
import numpy as np
import pytest
from click.testing import CliRunner

import cyclekit
from cyclekit.cli import options
from cyclekit.media.images import Picture, read, write
from tests.tiny import picture, tiny_model

ARGUMENTS = [sys.executable, "-m", "cyclekit", "translate", "--device", "cpu"]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_model(tmp_path_factory.mktemp("model") / "tiny.safetensors")


def translate(model: Path, *arguments: object) -> "subprocess.CompletedProcess[str]":
    command = [*ARGUMENTS, "--precision", "fp32", "-m", str(model), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def mask(path: Path, side: int = 24) -> Path:
    levels = np.zeros((side, side, 3), np.uint8)
    levels[:, : side // 2] = 255
    write(path, Picture(levels, gray=True))
    return path


def test_all_of_it_at_once(tmp_path: Path, model: Path) -> None:
    for name in ("0", "1"):
        write(tmp_path / "in" / f"{name}.tif", Picture(picture(24, 24, seed=int(name))))
    levels = read(mask(tmp_path / "in" / "masks" / "0.png")).pixels[..., 0]
    control = ["--strength", 0.6, "--keep-luminance", "--feather", 4]
    masks = ["--mask", tmp_path / "in" / "masks"]
    done = translate(model, tmp_path / "in", "-o", tmp_path / "out", "--json", *control, *masks)
    made, failed = map(json.loads, done.stdout.splitlines())
    assert done.returncode == 3
    assert failed["input"].endswith("1.tif")
    assert failed["error"].startswith("no mask for it")
    assert f"note: {tmp_path}/in/masks/0.png: not translated, for --mask names it\n" in done.stderr
    before = read(tmp_path / "in" / "0.tif").pixels
    after = cyclekit.load(model, precision="fp32", device="cpu")(before)
    expected = cyclekit.blend(before, after, strength=0.6, keep="luminance", mask=levels, feather=4)
    assert np.array_equal(read(Path(made["output"])).pixels, expected)
    assert not np.array_equal(expected, before)


def test_masks_are_spared(tmp_path: Path, model: Path) -> None:
    write(tmp_path / "in" / "a.png", Picture(picture(24, 24)))
    path = mask(tmp_path / "masks" / "a.png")
    before = path.read_bytes()
    inputs = [tmp_path / "in" / "a.png", "--mask", tmp_path / "masks", "--overwrite"]
    done = translate(model, *inputs, "-o", path)
    assert done.returncode == 2
    assert "is a mask; masks are never overwritten" in done.stderr
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--keep-luminance", "--keep-color"], "leave nothing to change; drop one"),
        (["--feather", "3"], "--feather softens the edge of a mask; give --mask too"),
        (["--strength", "1.01"], "strength must be from 0 to 1, got 1.01"),
        (["--strength", "nan"], "strength must be from 0 to 1, got nan"),
        (["--mask", "alpha", "--feather", "-1"], "feather must be a number of pixels from 0"),
        (["--mask", "none.png"], "mask none.png: no such file or folder"),
    ],
)
def test_contradictions_are_wrong_usage_in_one_line(
    tmp_path: Path, model: Path, arguments: list[str], reason: str
) -> None:
    write(tmp_path / "a.png", Picture(picture(24, 24)))
    done = translate(model, tmp_path / "a.png", "-o", tmp_path / "out", *arguments)
    (line,) = done.stderr.splitlines()
    assert (done.returncode, done.stdout) == (2, "")
    assert line.startswith("error: ")
    assert reason in line
    assert not (tmp_path / "out").exists()


def test_a_command_gets_one_control() -> None:
    @click.command()
    @options.control
    @options.quiet
    def command(control: object, quiet: bool) -> None:
        click.echo(f"{control} {quiet}")

    done = CliRunner().invoke(command, ["--keep-color", "--strength", "0.5", "-q"])
    assert "strength=0.5, keep='color', mask=None, feather=0.0) True" in done.output
    plain = CliRunner().invoke(command, [])
    assert "strength=1.0, keep=None, mask=None, feather=0.0) False" in plain.output
