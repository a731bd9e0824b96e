import subprocess
import sys
from pathlib import Path

import pytest

import cyclekit
from cyclekit.cli.main import COMMANDS, LazyGroup, group, main


def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "cyclekit", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_help_names_every_command_and_imports_nothing_heavy() -> None:
    code = "import sys; from cyclekit.cli.main import main\ntry: main(['--help'])\nfinally: print({*sys.modules} & {'torch', 'numpy', 'cv2', 'kornia', 'albumentations', 'pydantic', 'rich', 'PIL'})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "set()"
    assert all(text in done.stdout for pair in COMMANDS.items() for text in pair)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_listed_command_says_what_the_list_says(name: str) -> None:
    assert isinstance(group, LazyGroup)
    command = group.get_command(None, name)  # type: ignore[arg-type]
    assert command is not None
    assert len(COMMANDS[name]) < 60
    assert command.help


def test_the_version_is_the_package_s() -> None:
    assert run("--version").stdout.strip() == cyclekit.__version__


def test_wrong_usage_leaves_with_2() -> None:
    for arguments in (["nonsense"], ["translate"], ["translate", "x", "-o", "y", "--size", "big"]):
        done = run(*arguments)
        assert done.returncode == 2
        assert done.stdout == ""
        assert "Error: " in done.stderr


HOSTILE = "a\x1b[31mb\nc\u202ed\udcff"


@pytest.mark.parametrize(
    "arguments",
    [
        [HOSTILE],
        ["translate", "x", f"--{HOSTILE}"],
        ["translate", "x", "-o", "y", "--precision", HOSTILE],
        ["train", "x", "-o", "y", "--images", HOSTILE],
        ["models", HOSTILE],
        ["models", "convert", "x", "-o", HOSTILE],
        ["models", "show", "x", HOSTILE],
    ],
)
def test_wrong_usage_shows_what_was_written_as_escapes(arguments: list[str]) -> None:
    done = run(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    error = done.stderr.splitlines()[-1]  # all of it: its line break is shown too
    assert error.lower().startswith("error: ")
    assert r"a\x1b[31mb" in error
    assert r"c\u202ed" in error
    assert done.stderr.isascii()
    assert "\x1b" not in done.stderr


def test_errors_are_one_line_and_set_the_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["translate", "x.png", "-o", "y", "-m", "no-such-model"])
    assert left.value.code == 2
    assert capsys.readouterr().err.startswith("error: no model file 'no-such-model' exists")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_behind_stdout_is_one_line() -> None:
    for arguments in (["--help"], ["models", "list"]):
        command = [sys.executable, "-m", "cyclekit", *arguments]
        with Path("/dev/full").open("w") as full:
            done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, check=False)
        assert done.returncode == 1
        assert done.stderr.count(b"\n") == 1
        assert done.stderr.startswith(b"error: standard output cannot be written")


def test_the_front_door_is_sorted_and_opens() -> None:
    assert cyclekit.__all__ == sorted(cyclekit.__all__)
    assert all(getattr(cyclekit, name) is not None for name in cyclekit.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        cyclekit.nothing  # noqa: B018


def test_importing_the_package_imports_no_torch() -> None:
    code = "import sys, cyclekit; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
