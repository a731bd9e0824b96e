import errno
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cyclekit.errors import MediaError
from cyclekit.media.atomic import PART, followed, part_of, replacing, sweep

HOLD = """
import sys
from pathlib import Path
from cyclekit.media.atomic import replacing
with replacing(Path(sys.argv[1])) as part:
    part.write_bytes(b"half")
    print("writing", flush=True)
    sys.stdin.readline()
"""


def write_half(path: Path, error: BaseException) -> None:
    with replacing(path) as part:
        part.write_bytes(b"half")
        raise error


@pytest.fixture
def holder(tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    """Give a process that is writing `tmp_path / "a.png"` and waits for a line."""
    command = [sys.executable, "-c", HOLD, str(tmp_path / "a.png")]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, text=True, **pipes) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "writing\n"
        yield process
        process.kill()


def test_a_file_is_there_only_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "a.png"
    with replacing(path) as part:
        part.write_bytes(b"whole")
        assert not path.exists()
    assert [file.name for file in path.parent.iterdir()] == ["a.png"]
    assert path.read_bytes() == b"whole"


def test_a_failure_keeps_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"old")
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    for error, seen in ((KeyboardInterrupt(), KeyboardInterrupt), (full, MediaError)):
        with pytest.raises(seen, match=r"^$|a\.png: cannot be written: No space"):
            write_half(path, error)
    assert [(file.name, file.read_bytes()) for file in tmp_path.iterdir()] == [("a.png", b"old")]


@pytest.mark.parametrize("length", [1, 237, 241, 242, 255])
def test_every_name_that_a_file_may_have_can_be_written(tmp_path: Path, length: int) -> None:
    path = tmp_path / ("ü" * (length // 2) + "x" * (length % 2))
    with replacing(path) as part:
        part.write_bytes(b"whole")
    assert path.read_bytes() == b"whole"


def test_names_of_parts_differ_where_names_differ() -> None:
    names = ["a" * 254 + "b", "a" * 254 + "c", "a" * 30, "b"]
    parts = {part_of(Path(name)).name for name in names}
    assert len(parts) == 4
    assert all(part.endswith(PART) and len(part) <= 255 for part in parts)


def test_two_processes_never_write_one_file(
    tmp_path: Path, holder: "subprocess.Popen[str]"
) -> None:
    path = tmp_path / "a.png"
    with pytest.raises(MediaError, match="another process is writing it"), replacing(path):
        raise AssertionError("not reached")
    sweep(tmp_path)
    assert part_of(path).read_bytes() == b"half"
    holder.communicate("\n")
    assert holder.returncode == 0
    assert path.read_bytes() == b"half"
    assert not part_of(path).exists()


@pytest.mark.skipif(sys.platform == "win32", reason="there is no kill -9")
def test_what_a_killed_process_left_is_swept_or_written_anew(
    tmp_path: Path, holder: "subprocess.Popen[str]"
) -> None:
    path = tmp_path / "a.png"
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    assert part_of(path).read_bytes() == b"half"
    with replacing(path) as part:
        part.write_bytes(b"new")
    assert path.read_bytes() == b"new"
    part_of(path).write_bytes(b"half")
    (tmp_path / "foreign.part").write_bytes(b"a download of somebody else")
    sweep(tmp_path)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.png", "foreign.part"]


def test_sweeping_a_folder_that_is_not_there_is_nothing(tmp_path: Path) -> None:
    sweep(tmp_path / "none")


def test_links_lead_to_what_is_to_be_written(tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    (tmp_path / "link").symlink_to("other")
    (tmp_path / "other").symlink_to("far/new.png")  # not there yet
    assert followed(tmp_path / "link") == tmp_path / "far/new.png"
    assert followed(Path("plain/../a.png")) == Path("plain/../a.png")
