"""Damaged files, made by tools/fuzz.py; the full two thousand are run by hand."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.media.drawn import KINDS, encode, stored
from tests.media.odd import odd
from tests.media.told import TOLD, Told

TOOLS = Path(__file__).parents[1] / "tools"
pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="the tool limits memory by setrlimit"
)


@pytest.fixture
def originals(tmp_path: Path) -> Path:
    folder = tmp_path / "originals"
    folder.mkdir()
    for kind in KINDS:
        suffix, mode = kind.split()
        says = Told(6, exif=True, xmp="told") if suffix in TOLD else Told()
        data = encode(kind, stored(mode, 17, 23, "slope"), says)
        (folder / f"{mode}.{suffix}").write_bytes(data)
    return folder


def fuzz(folder: Path, *words: object) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, str(TOOLS / "fuzz.py"), str(folder), *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_damaged_files_are_read_or_refused(originals: Path, tmp_path: Path) -> None:
    check(fuzz(originals, "--count", 80, "--kept", tmp_path / "kept", "--limit", 20), 80)


@pytest.mark.data
def test_damaged_odd_files_are_read_or_refused(tmp_path: Path) -> None:
    check(fuzz(odd(), "--count", 80, "--kept", tmp_path / "kept", "--limit", 20), 80)


def check(done: "subprocess.CompletedProcess[str]", count: int) -> None:
    assert done.returncode == 0, done.stdout + done.stderr
    told = done.stdout.splitlines()[-1].split(", ")
    counts = {words.rsplit(" ", 1)[0]: words.rsplit(" ", 1)[1] for words in told}
    for what in ("reader", "translate"):
        numbers = int(counts[f"{what} refused"]), int(counts[f"{what} took"])
        assert sum(numbers) == count
        assert min(numbers) > 0
    assert counts["faults"] == "0"


def test_a_fault_is_found_named_and_kept(originals: Path, tmp_path: Path) -> None:
    done = fuzz(originals, "--count", 2, "--kept", tmp_path / "kept", "--limit", 0)
    assert done.returncode == 1
    assert "fault: 00000-" in done.stdout
    assert "files with faults are in" in done.stderr
    assert len(list((tmp_path / "kept").iterdir())) == 2
