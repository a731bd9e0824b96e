import subprocess
import sys
from pathlib import Path

import numpy as np
import psutil
import pytest
from click.testing import CliRunner, Result

from cyclekit.cli.sample import command
from cyclekit.errors import UsageError
from cyclekit.media.images import read
from tests.tiny import tiny_model, tiny_noise_model


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_noise_model(tmp_path_factory.mktemp("model") / "tiny.safetensors")


def sample(*arguments: object) -> "subprocess.CompletedProcess[str]":
    line = [sys.executable, "-m", "cyclekit", "sample", *map(str, arguments)]
    return subprocess.run(line, capture_output=True, text=True, check=False)


def run(*arguments: object) -> Result:
    return CliRunner().invoke(command, [str(argument) for argument in arguments])


def test_a_sheet_and_separate_files_show_the_same_pictures(tmp_path: Path, model: Path) -> None:
    sheet, folder = tmp_path / "sheet.png", tmp_path / "all"
    result = sample(model, "-n", 12, "-o", sheet, "--separate", folder, "--device", "cpu")
    assert result.returncode == 0, result.stderr
    paths = [folder / f"{number:02}.png" for number in range(12)]
    assert result.stdout.splitlines() == [*map(str, paths), str(sheet)]
    assert "noise to cat, dog, owl, on cpu" in result.stderr
    page = read(sheet).pixels
    assert page.shape == (4 * 20 - 4, 3 * 20 - 4, 3)  # a column a class
    for number, path in enumerate(paths):
        top, left = 20 * (number // 3), 20 * (number % 3)
        assert np.array_equal(read(path).pixels, page[top : top + 16, left : left + 16])


def test_one_class_fills_a_square(tmp_path: Path, model: Path) -> None:
    sheet = tmp_path / "owls.png"
    sheet.touch()
    options = ("--class", "owl", "--truncation", 0.5, "--seed", 3, "-q", "--overwrite")
    result = run(model, "-n", 5, "-o", sheet, *options)
    assert (result.exit_code, result.stderr) == (0, "")
    assert read(sheet).pixels.shape == (2 * 20 - 4, 3 * 20 - 4, 3)


def test_a_link_is_written_through(tmp_path: Path, model: Path) -> None:
    (tmp_path / "far").mkdir()
    link = tmp_path / "sheet.png"
    link.symlink_to("far/real.png")
    for more in ([], ["--overwrite"]):
        result = run(model, "-n", 2, "-o", link, "-q", *more)
        assert (result.exit_code, result.stdout) == (0, f"{tmp_path / 'far/real.png'}\n")
        assert link.is_symlink()
    assert read(link).pixels.shape[2] == 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["MODEL"], "missing -o SHEET.png or --separate DIR"),
        (["MODEL", "-o", "new.png", "--class", "ow"], "unknown class 'ow'; did you mean 'owl'?"),
        (["MODEL", "-o", "old.png"], "old.png exists; replace it with --overwrite"),
        (["MODEL", "-o", "new.txt"], "new.txt: expected a picture's name"),
        (["MODEL", "-o", "new.png", "-n", "100000000"], "a sheet holds at most"),
        (["TRANSLATOR", "-o", "new.png"], "translates pictures; use cyclekit translate"),
        (["nothing", "-o", "new.png"], "no model file 'nothing' exists"),
        (["MODEL", "-o", "new.png", "--device", "tpu"], "no device 'tpu' here"),
        (["ONE", "-o", "new.png", "--class", "cat"], "the model knows no classes"),
    ],
)
def test_wrong_usage_is_named(
    tmp_path: Path, model: Path, arguments: list[str], message: str
) -> None:
    (tmp_path / "old.png").touch()
    files = {
        "MODEL": model,
        "TRANSLATOR": tiny_model(tmp_path / "translator.safetensors"),
        "ONE": tiny_noise_model(tmp_path / "one.safetensors", ("cat",)),
    }
    named = [files.get(word, word) for word in arguments]
    result = run(*(tmp_path / str(w) if str(w)[:3] in ("old", "new") else w for w in named))
    assert isinstance(result.exception, UsageError)
    assert message in str(result.exception)
    assert not (tmp_path / "new.png").exists()


def test_a_picture_that_is_there_is_kept(tmp_path: Path, model: Path) -> None:
    for name in ("7.png", "07.png", "12.png", "note.txt"):
        (tmp_path / name).touch()
    result = run(model, "-n", 12, "--separate", tmp_path)
    assert isinstance(result.exception, UsageError)
    assert str(result.exception) == f"{tmp_path / '07.png'} exists; replace it with --overwrite"
    assert run(model, "-n", 12, "--separate", tmp_path, "--overwrite").exit_code == 0
    assert not (tmp_path / "12.png").stat().st_size
    assert run(model, "-n", 5, "--separate", tmp_path / "new").exit_code == 0


@pytest.mark.skipif(sys.platform == "win32", reason="asks the process to end by a signal")
def test_a_hundred_thousand_million_pictures_begin_at_once(tmp_path: Path, model: Path) -> None:
    count = 10**11
    line = ["sample", model, "-n", count, "--separate", tmp_path, "--device", "cpu", "-q"]
    command = [sys.executable, "-m", "cyclekit", *map(str, line)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        made = [process.stdout.readline().strip() for _ in range(20)]
        memory = psutil.Process(process.pid).memory_info().rss
        process.terminate()
        process.communicate(timeout=300)
    assert process.returncode == 143
    assert made == [str(tmp_path / f"{number:011}.png") for number in range(20)]
    assert memory < 2**30


def test_no_noise_at_all_is_wrong_usage(model: Path) -> None:
    result = run(model, "-o", "new.png", "--truncation", 0)
    assert result.exit_code == 2
    assert "0.0 is not in the range x>0" in result.stderr


def test_translate_refuses_a_noise_model(tmp_path: Path, model: Path) -> None:
    translate = ["translate", tmp_path, "-o", tmp_path / "out", "-m", model]
    result = subprocess.run(
        [sys.executable, "-m", "cyclekit", *map(str, translate)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert result.returncode == 2
    assert result.stderr.splitlines() == [
        f"error: {model}: makes pictures from noise; use cyclekit sample"
    ]
