"""`cyclekit translate --report`, also interrupted and killed."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from cyclekit.cli.main import main
from cyclekit.media.images import Picture, write
from tests.tiny import picture, tiny_model

COMMAND = [
    sys.executable, "-m", "cyclekit", "translate", "--report", "--device", "cpu",
    "--precision", "fp32",
]  # fmt: skip


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_model(tmp_path_factory.mktemp("model") / "tiny.safetensors")


@dataclass
class Done:
    returncode: object
    stdout: str
    stderr: str


@pytest.fixture
def translate(capsys: pytest.CaptureFixture[str]) -> Callable[..., Done]:
    """Run the command in this process: starting one takes longer than all that is tested."""

    def run(model: Path, *arguments: object) -> Done:
        with pytest.raises(SystemExit) as left:
            main([*COMMAND[3:], "-m", str(model), *map(str, arguments)])
        return Done(left.value.code, *capsys.readouterr())

    return run


def fill(folder: Path, count: int, side: int = 24) -> Path:
    for number in range(count):
        write(folder / f"{number}.png", Picture(picture(side, side, seed=number)))
    return folder


def names(page: Path) -> list[str]:
    return re.findall(r'data-name="([^"]*)"', page.read_text(encoding="utf-8"))


def test_a_page_stands_beside_the_pictures(
    tmp_path: Path, model: Path, translate: Callable[..., Done]
) -> None:
    source, out = fill(tmp_path / "in", 3), tmp_path / "out"
    (source / "broken.png").write_bytes(b"")
    first = translate(model, source, "-o", out, "--max-size", 20, "--strength", 0.5, "--compare")
    assert first.returncode == 3
    assert first.stdout.splitlines() == [str(out / f"{number}.png") for number in range(3)]
    assert f"report: {out / 'report/index.html'}" in first.stderr
    page = (out / "report/index.html").read_text(encoding="utf-8")
    assert names(out / "report/index.html") == ["0.png", "1.png", "2.png"]
    for words in (
        "horse to zebra", "zebra to horse", "tiny.safetensors", "max size 20, compare, strength 0.5", "fp32 (asked for)",
        "<b>3</b> translated, <b class=\"bad\">1</b> failed", "the file is empty", "20 × 20 px",
        "cycle error <b>",
    ):  # fmt: skip
        assert words in page, words
    second = translate(model, source, "-o", out, "--json", "--quiet")
    assert second.returncode == 3
    assert second.stderr.splitlines() == [f"error: {source / 'broken.png'}: the file is empty"]
    found = [json.loads(line) for line in second.stdout.splitlines()]
    assert [one.get("skipped") for one in found] == [True, True, True, None]
    assert all(0 < one["cycle_error"] < 255 for one in found[:3])
    page = (out / "report/index.html").read_text(encoding="utf-8")
    assert "<b>0</b> translated, <b>3</b> already there" in page


def test_an_interrupted_run_is_reported_whole_by_the_next(
    tmp_path: Path, model: Path, translate: Callable[..., Done]
) -> None:
    source, out = fill(tmp_path / "in", 60, side=160), tmp_path / "out"
    command = [*COMMAND, "-m", str(model), str(source), "-o", str(out), "--batch-size", "1"]
    for kill, code in ((signal.SIGINT, 130), (signal.SIGKILL, -signal.SIGKILL)):
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        process.stdout.readline()
        os.kill(process.pid, kill)
        process.communicate(timeout=60)
        assert process.returncode == code
    made = len(list(out.glob("*.png")))
    assert 0 < made < 60
    assert not (out / "report/index.html").exists()
    done = translate(model, source, "-o", out)
    assert done.returncode == 0
    assert names(out / "report/index.html") == [f"{number}.png" for number in range(60)]
    pictures = out / "report/pictures"
    assert len(list(pictures.glob("*-before.jpg"))) == 60
    assert len(list(pictures.glob("*-after.jpg"))) == 60
    assert len(list(pictures.glob("*-cycle.png"))) == 60
    page = (out / "report/index.html").read_text(encoding="utf-8")
    assert page.count("cycle error <b>") == 60
    assert f"<b>{60 - made}</b> translated, <b>{made}</b> already there" in page


def test_one_direction_has_no_cycle_and_says_so(
    tmp_path: Path, translate: Callable[..., Done]
) -> None:
    model = tiny_model(tmp_path / "one.safetensors", directions=("ab",))
    done = translate(model, fill(tmp_path / "in", 1), "-o", tmp_path / "out", "--json")
    assert done.returncode == 0
    assert "note: no cycle errors: the model holds one direction only" in done.stderr
    assert "cycle_error" not in done.stdout
    page = (tmp_path / "out/report/index.html").read_text(encoding="utf-8")
    assert "not measured: the model holds one direction only" in page
    assert not list((tmp_path / "out/report").rglob("*-cycle.png"))


def test_the_report_of_one_file_lies_beside_it(
    tmp_path: Path, model: Path, translate: Callable[..., Done]
) -> None:
    source = fill(tmp_path / "in", 1) / "0.png"
    done = translate(model, source, "-o", tmp_path / "made.png", "--direction", "horse")
    assert done.returncode == 0
    assert names(tmp_path / "made.png.report/index.html") == ["made.png"]
    page = (tmp_path / "made.png.report/index.html").read_text(encoding="utf-8")
    assert 'href="../made.png"' in page
    assert "<h1>zebra to horse</h1>" in page


def test_a_folder_of_something_else_is_wrong_usage(
    tmp_path: Path, model: Path, translate: Callable[..., Done]
) -> None:
    source = fill(tmp_path / "in", 1)
    (tmp_path / "out/report").mkdir(parents=True)
    (tmp_path / "out/report/thesis.txt").write_text("mine")
    done = translate(model, source, "-o", tmp_path / "out")
    assert (done.returncode, done.stdout) == (2, "")
    assert "holds something else; move it" in done.stderr
    assert not (tmp_path / "out/0.png").exists()


def test_a_page_that_cannot_be_written_is_3(
    tmp_path: Path, model: Path, translate: Callable[..., Done]
) -> None:
    source, out = fill(tmp_path / "in", 1), tmp_path / "out"
    (out / "report/pictures").mkdir(parents=True)
    (out / "report/index.html").mkdir()
    (out / "report/cyclekit-report.jsonl").touch()
    done = translate(model, source, "-o", out)
    assert (done.returncode, done.stdout) == (3, f"{out / '0.png'}\n")
    assert re.search(r"^error: no report: .*index\.html: cannot be written", done.stderr, re.M)
