import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from PIL import Image

ROOT = Path(__file__).parents[1]
SCRIPTS = [
    ROOT / name
    for name in ("tools/setup", "tools/demo", "tools/test", "tools/check", "tools/fix", ".ci/run")
]
PINS = {
    pin.name.lower(): pin
    for line in (ROOT / "tools/constraints.txt").read_text(encoding="utf-8").splitlines()
    if not line.startswith("#")
    for pin in [Requirement(line)]
}


def declared() -> list[Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = [line for lines in project["optional-dependencies"].values() for line in lines]
    found = [Requirement(line) for line in [*project["dependencies"], *extras]]
    return [requirement for requirement in found if requirement.name != "cyclekit"]


RUN = """
import contextlib, io, json, runpy, sys
for words in map(json.loads, sys.argv[1:]):
    sys.argv, told, code = words, io.StringIO(), None
    sys.path.insert(0, words[0].rpartition("/")[0])
    try:
        with contextlib.redirect_stdout(told), contextlib.redirect_stderr(told):
            runpy.run_path(words[0], run_name="__main__")
    except SystemExit as left:
        code = left.code
    except BaseException as error:
        code = repr(error)
    print(json.dumps([code, told.getvalue()]))
"""
TOOLS = [
    path for path in sorted((ROOT / "tools").glob("*.py")) if "__main__" in path.read_text("utf-8")
]
MISTAKES = (
    ("train_painting.py", "photos", "gone.jpg", "name", "run"),
    ("train_painting.py", "photos", "text.jpg", "name", "run"),
    ("train_painting.py", "photos", "small.png", "name", "run"),
    ("score_model.py", "starry-night", "gone", "small.png"),
    ("score_model.py", "gone.safetensors", "photos", "small.png"),
    ("model_sheet.py", "sheet.jpg", "starry-night", "--photos", "empty"),
    ("model_sheet.py", "sheet.jpg", "gone.onnx"),
    ("model_sheet.py", "sheet", "starry-night"),
    ("contact_sheet.py", "empty", "photos", "sheet.png"),
    ("contact_sheet.py", "gone", "photos", "sheet.png"),
    ("contact_sheet.py", "photos", "empty", "sheet.png"),
    ("pixel_sheet.py", "starry-night", "sheet.png"),
    ("pixel_sheet.py", "gone", "sheet.png"),
    ("control_sheet.py", "sheet.exe"),
    ("one_direction.py", "gone.safetensors", "zebra", "out.safetensors"),
    ("consistency.py", "photos", "gone.jpg", "out", "gone.mp4"),
    ("next_frame.py", "out", "gone.mp4"),
    ("liftoff.py", "gone/out.mp4"),
    ("tiles_showcase.py", "gone.jpg"),
)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Give a copy of what `tools/setup` reads, without a `.venv`."""
    (tmp_path / "tools").mkdir()
    for name in ("pyproject.toml", "tools/setup", "tools/constraints.txt"):
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def setup(checkout: Path, *commands: Path) -> subprocess.CompletedProcess[str]:
    """Run `tools/setup` where no more than its plain commands and `commands` are on PATH."""
    programs = checkout / "programs"
    programs.mkdir()
    for name in ("bash", "git", "dirname", "cat", "rm", "grep"):
        (programs / name).symlink_to(str(shutil.which(name)))
    for command in commands:
        (programs / command.name).symlink_to(command)
    return subprocess.run(
        [programs / "bash", checkout / "tools/setup"],
        env={**os.environ, "PATH": str(programs)},
        capture_output=True,
        text=True,
    )


Told = dict[tuple[str, ...], tuple[object, str]]
"""Exit code and what was printed, by the words of a call."""


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    """Ask every tool for help and make every mistake, in one process: torch is slow to import."""
    folder = tmp_path_factory.mktemp("desk")
    (folder / "empty").mkdir()
    (folder / "photos").mkdir()
    (folder / "text.jpg").write_text("no picture")
    for place in ("small.png", "photos/a.png", "photos/b.png"):
        Image.new("RGB", (20, 20)).save(folder / place)
    calls = [*((tool.name, "--help") for tool in TOOLS), *MISTAKES]
    words = [json.dumps([str(ROOT / "tools" / name), *rest]) for name, *rest in calls]
    done = subprocess.run(
        [sys.executable, "-c", RUN, *words], cwd=folder, capture_output=True, text=True, check=True
    )
    found = [json.loads(line) for line in done.stdout.splitlines()]
    return {call: (code, text) for call, (code, text) in zip(calls, found, strict=True)}


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
def test_a_tool_tells_how_it_is_used(tool: Path, told: Told) -> None:
    assert len(TOOLS) >= 24
    code, text = told[tool.name, "--help"]
    assert (code, text[:6].lower()) == (0, "usage:"), text


@pytest.mark.parametrize("words", MISTAKES, ids=" ".join)
def test_a_mistake_is_one_line(words: tuple[str, ...], told: Told) -> None:
    code, text = told[words]
    assert code == 2, text
    assert "Traceback" not in text
    *before, last = text.strip().splitlines()
    assert "error: " in last
    assert all(line.startswith(("usage:", " ")) for line in before), text


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_a_tool_can_be_run_and_is_bash(script: Path) -> None:
    assert os.access(script, os.X_OK)
    assert script.read_text(encoding="utf-8").startswith("#!/usr/bin/env bash\n")
    subprocess.run(["bash", "-n", script], check=True)


def test_every_declared_dependency_is_pinned_within_its_range() -> None:
    requirements = declared()
    assert len(requirements) > 15
    for requirement in requirements:
        pin = PINS.get(requirement.name.lower())
        assert pin is not None, f"{requirement.name} is missing in tools/constraints.txt"
        version = str(pin.specifier).removeprefix("==")
        assert requirement.specifier.contains(version), f"{pin} does not fit {requirement}"


def test_the_torch_pin_takes_whichever_build_fits_the_machine() -> None:
    assert "+" not in str(PINS["torch"].specifier)


def test_setup_without_python_says_what_it_needs(checkout: Path) -> None:
    result = setup(checkout)
    assert result.returncode == 1
    assert result.stderr == (
        "tools/setup: Python 3.11 or newer with its venv module must be on PATH\n"
    )
    assert not (checkout / ".venv").exists()


def test_a_failed_setup_is_not_taken_for_a_finished_one(checkout: Path) -> None:
    (checkout / ".venv").mkdir()
    (checkout / ".venv" / "setup-of").write_text("of an older pyproject\n")
    assert setup(checkout).returncode == 1
    assert not (checkout / ".venv" / "setup-of").exists()


def test_a_finished_setup_is_not_done_again(checkout: Path) -> None:
    parts = ("pyproject.toml", "tools/constraints.txt", "tools/setup")
    read = b"".join((checkout / part).read_bytes() for part in parts)
    stamp = subprocess.run(
        ["git", "hash-object", "--stdin"], input=read, capture_output=True, check=True
    ).stdout
    (checkout / ".venv").mkdir()
    for name in ("bin", "lib", "pyvenv.cfg"):
        (checkout / ".venv" / name).symlink_to(Path(sys.prefix) / name)
    (checkout / ".venv" / "setup-of").write_bytes(stamp)
    result = setup(checkout)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
