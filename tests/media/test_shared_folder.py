import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cyclekit.errors import MediaError, UsageError
from cyclekit.media.shared_folder import MANIFEST, filling, read_contents

NAMES = ("page", "data", "extra")
STOP = """
import sys
from pathlib import Path
from cyclekit.media.shared_folder import filling
stop, real = int(sys.argv[2]), Path.replace

def replace(self, target):
    global stop
    stop -= 1
    if not stop:
        print("there", flush=True)
        sys.stdin.readline()
    return real(self, target)

Path.replace = replace
with filling(Path(sys.argv[1]), ("page", "data", "extra"), overwrite=True) as part:
    for name in ("page", "data"):
        (part / name).write_text("new")
"""


def fill(folder: Path, words: str, *names: str, overwrite: bool = False) -> None:
    with filling(folder, NAMES, overwrite=overwrite) as part:
        for name in names:
            (part / name).write_text(words)


def texts(folder: Path) -> dict[str, str]:
    return {one.name: one.read_text() for one in folder.iterdir() if one.name != MANIFEST}


def test_what_was_put_there_is_replaced_when_told_and_nothing_else(tmp_path: Path) -> None:
    place = tmp_path / "new" / "place"
    fill(place, "first", "page", "extra")
    (place / "mine").write_text("mine")
    with pytest.raises(UsageError, match="holds page already; replace it with --overwrite"):
        fill(place, "second", "page")
    fill(place, "second", "page", "data", overwrite=True)
    assert texts(place) == {"page": "second", "data": "second", "mine": "mine"}
    assert read_contents(place).sums.keys() == {"page", "data"}


def fill_while_it_comes(folder: Path, name: str) -> None:
    with filling(folder, NAMES, overwrite=True) as part:
        (part / "page").write_text("second")
        (folder / name).write_text("came meanwhile")


def make_directory(path: Path) -> None:
    path.mkdir()


def make_link(path: Path) -> None:
    path.symlink_to("page")


@pytest.mark.parametrize("make", [Path.touch, make_directory, make_link])
def test_a_stranger_of_one_of_our_names_is_in_the_way(tmp_path: Path, make) -> None:
    for prepared in (lambda: None, lambda: fill(tmp_path, "ours", "page")):
        prepared()
        make(tmp_path / "extra")
        before = sorted(tmp_path.rglob("*"))
        with pytest.raises(UsageError, match="holds a file extra that cyclekit did not write"):
            fill(tmp_path, "second", "page", "data", overwrite=True)
        assert sorted(tmp_path.rglob("*")) == before
        (tmp_path / "extra").rmdir() if make is make_directory else (tmp_path / "extra").unlink()


def test_what_was_changed_or_came_meanwhile_stays(tmp_path: Path) -> None:
    fill(tmp_path, "first", "page", "data")
    (tmp_path / "data").write_text("changed by hand")
    with pytest.raises(UsageError, match="or that was changed since"):
        fill(tmp_path, "second", "page", overwrite=True)
    (tmp_path / "data").unlink()
    with pytest.raises(UsageError, match="holds a file data that"):
        fill_while_it_comes(tmp_path, "data")
    assert texts(tmp_path) == {"page": "first", "data": "came meanwhile"}


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"files": 1}', '{"files": {"page": 1}}', "[" * 100_000, "\xff"]
)
def test_a_list_of_somebody_elses_making_allows_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / MANIFEST).write_text(text, encoding="latin-1")
    with pytest.raises(UsageError, match=rf"its {MANIFEST} is damaged"):
        fill(tmp_path, "ours", "page", overwrite=True)


def test_a_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    for name in ("real", "not-there-yet"):
        (tmp_path / "link").symlink_to(name)
        fill(tmp_path / "link", "first", "page")
        fill(tmp_path / "link", "second", "page", overwrite=True)
        assert texts(tmp_path / name) == {"page": "second"}
        assert (tmp_path / "link").is_symlink()
        (tmp_path / "link").unlink()
    (tmp_path / "link").symlink_to("link")
    with pytest.raises(MediaError, match="cannot be written"):
        fill(tmp_path / "link", "first", "page")


def test_a_failure_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(UnicodeEncodeError):
        fill(tmp_path / "place", "\ud800", "page")
    assert list(tmp_path.iterdir()) == []
    fill(tmp_path, "first", "page")
    with pytest.raises(UnicodeEncodeError):
        fill(tmp_path, "\ud800", "page", overwrite=True)
    assert {one.name for one in tmp_path.iterdir()} == {"page", MANIFEST}
    assert texts(tmp_path) == {"page": "first"}


def test_two_processes_do_not_write_one_folder(tmp_path: Path) -> None:
    with (
        pytest.raises(MediaError, match="another process"),
        filling(tmp_path, NAMES),
        filling(tmp_path, NAMES),
    ):
        raise AssertionError("not reached")


@pytest.fixture(params=[1, 2, 3, 4])
def stopped(tmp_path: Path, request) -> Iterator[Path]:
    """Give a folder whose second filling was killed before one of its renamings."""
    fill(tmp_path, "old", "page", "data", "extra")
    (tmp_path / "mine").write_text("mine")
    command = [sys.executable, "-c", STOP, str(tmp_path), str(request.param)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, text=True, **pipes) as process:
        assert process.stdout.readline() == "there\n"
        os.kill(process.pid, signal.SIGKILL)
    return tmp_path


def test_the_same_call_completes_what_a_killed_one_left(stopped: Path) -> None:
    seen = texts_of_files(stopped)
    if "page" in seen:  # never beside files of another call
        assert len({seen["page"], seen["data"]}) == 1
    fill(stopped, "new", "page", "data", overwrite=True)
    assert texts(stopped) == {"page": "new", "data": "new", "mine": "mine"}
    assert json.loads((stopped / MANIFEST).read_text())["whole"] is True


def texts_of_files(folder: Path) -> dict[str, str]:
    return {one.name: one.read_text() for one in folder.iterdir() if one.is_file()}
