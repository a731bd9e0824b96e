import json
import os
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from cyclekit.data.catalogue import entries


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[str]:
    """Serve a small archive that holds one picture; gives its address."""
    served = tmp_path / "served"
    served.mkdir()
    with zipfile.ZipFile(served / "facades.zip", "w") as made:
        made.writestr("facades/trainA/1.jpg", b"picture")
    handler = partial(Quiet, directory=str(served))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/facades.zip"
        server.shutdown()
        thread.join()


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cyclekit", "data", *arguments]
    environment = {**os.environ, "XDG_DATA_HOME": str(folder / "user")}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)


def test_list_prints_one_dataset_a_line(tmp_path: Path) -> None:
    result = run(tmp_path, "list")
    assert result.returncode == 0
    assert [line.split()[0] for line in result.stdout.splitlines()] == [
        entry.name for entry in entries()
    ]


def test_list_as_json_prints_one_object_a_line(tmp_path: Path) -> None:
    lines = run(tmp_path, "list", "--json").stdout.splitlines()
    assert [json.loads(line)["name"] for line in lines] == [entry.name for entry in entries()]


def test_download_prints_the_folder_and_nothing_else_on_stdout(
    tmp_path: Path, archive: str
) -> None:
    result = run(tmp_path, "download", "facades", "-o", "data", "--url", archive)
    assert (result.returncode, result.stdout) == (0, f"{Path('data/facades')}\n")
    assert "fetching 'facades'" in result.stderr
    assert (tmp_path / "data/facades/trainA/1.jpg").read_bytes() == b"picture"


def test_a_second_download_says_that_it_is_there(tmp_path: Path, archive: str) -> None:
    (tmp_path / "data/facades").mkdir(parents=True)
    result = run(tmp_path, "download", "facades", "-o", "data", "--url", archive)
    assert (result.returncode, result.stdout) == (0, f"{Path('data/facades')}\n")
    assert "'facades' is already there" in result.stderr


def test_quiet_leaves_stderr_empty(tmp_path: Path, archive: str) -> None:
    result = run(tmp_path, "download", "facades", "-o", "data", "--url", archive, "--quiet")
    assert (result.returncode, result.stderr) == (0, "")


def test_a_mistyped_name_is_wrong_usage(tmp_path: Path) -> None:
    result = run(tmp_path, "download", "facade", "-o", "data")
    assert result.returncode == 2
    assert "unknown dataset 'facade'; did you mean 'facades'?" in result.stderr
    assert not (tmp_path / "data").exists()


def test_a_dataset_without_address_ends_with_its_source_page(tmp_path: Path) -> None:
    result = run(tmp_path, "download", "cityscapes", "-o", "data")
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.splitlines()[-1].endswith("see https://www.cityscapes-dataset.com")
