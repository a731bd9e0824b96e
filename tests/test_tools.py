import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

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
