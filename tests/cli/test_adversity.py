"""A full disk, folders that may not be used, names that are no text, files that come and go."""

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

import pytest

from cyclekit.media import mirror
from cyclekit.media.images import Picture, read, write
from cyclekit.media.mirror import plan
from tests.tiny import picture, tiny_model

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="made with means of Linux")
ARGUMENTS = [sys.executable, "-m", "cyclekit", "translate", "--device", "cpu"]
ARGUMENTS += ["--precision", "fp32"]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_model(tmp_path_factory.mktemp("model") / "tiny.safetensors")


def translate(
    model: Path, *arguments: object, before: Sequence[str] = (), **how: Any
) -> "subprocess.CompletedProcess[str]":
    command = [*before, *ARGUMENTS, "-m", str(model), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, **how)


def fill(folder: Path, count: int, side: int = 24) -> Path:
    for number in range(count):
        write(folder / f"{number}.png", Picture(picture(side, side, seed=number)))
    return folder


def lines_of(done: "subprocess.CompletedProcess[str]") -> list[str]:
    """Give the errors of a run: all of stderr but what it began with and what it counts."""
    first, *errors, last = done.stderr.splitlines()
    assert first.startswith("tiny.safetensors: ")
    assert " in " in last
    return errors


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a disk of 64 kB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(folder)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("a small disk can only be mounted by root")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_costs_what_does_not_fit(tmp_path: Path, model: Path, small_disk: Path) -> None:
    source, out = fill(tmp_path / "in", 6, side=90), small_disk / "out"  # of 24 kB each
    done = translate(model, source, "-o", out)
    assert done.returncode == 3
    made = [Path(line) for line in done.stdout.splitlines()]
    errors = lines_of(done)
    assert len(made) + len(errors) == 6
    assert all(line.endswith(": cannot be written: No space left on device") for line in errors)
    assert sorted(out.iterdir()) == sorted(made) != []
    assert all(read(path).width == 90 for path in made)
    for path in made:
        shutil.move(path, tmp_path)
    assert translate(model, source, "-o", out).returncode == 3
    assert len(list(out.iterdir())) == len(made)


def test_a_full_disk_costs_the_page_too_but_no_traceback(
    tmp_path: Path, model: Path, small_disk: Path
) -> None:
    source = fill(tmp_path / "in", 6, side=90)
    done = translate(model, source, "-o", small_disk / "out", "--report")
    made = done.stdout.splitlines()
    assert done.returncode == (3 if made else 1)
    assert "Traceback" not in done.stderr
    assert "No space left on device" in done.stderr
    lines = done.stderr.splitlines()
    assert any(line.startswith(f"{len(made)} translated" if made else "6 failed") for line in lines)
    assert lines[-1].startswith("error: no report: ")


def test_a_file_beyond_the_limit_of_its_size_leaves_nothing(tmp_path: Path, model: Path) -> None:
    source = fill(tmp_path / "in", 2, side=90)

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))

    done = translate(model, source, "-o", tmp_path / "out", preexec_fn=limit)
    assert done.returncode == 1
    assert [line.split(": ", 2)[2] for line in lines_of(done)] == [
        "cannot be written: File too large"
    ] * 2
    assert list((tmp_path / "out").iterdir()) == []


@pytest.fixture
def without_privilege() -> list[str]:
    """Give the beginning of a command that makes permissions hold for root, too."""
    if os.geteuid() != 0:
        return []
    tool = shutil.which("setpriv")
    command = [str(tool), "--bounding-set=-dac_override,-dac_read_search"]
    if tool is None or subprocess.run([*command, "true"], check=False).returncode:
        pytest.skip("setpriv cannot take root's privilege to write anywhere")
    return command


def test_folders_and_files_that_may_not_be_read_are_named(
    tmp_path: Path, model: Path, without_privilege: list[str]
) -> None:
    source = fill(tmp_path / "in", 2)
    fill(source / "closed", 1).chmod(0)
    (source / "1.png").chmod(0)
    done = translate(model, source, "-o", tmp_path / "out", before=without_privilege)
    (source / "closed").chmod(0o755)
    assert done.returncode == 3
    assert lines_of(done) == [
        f"error: {source / '1.png'}: Permission denied",
        f"error: {source / 'closed'}: this folder cannot be listed: Permission denied",
    ]
    assert done.stdout == f"{tmp_path / 'out' / '0.png'}\n"


@pytest.mark.parametrize(("place", "mode"), [("out", 0o555), ("out/new", 0o666)])
def test_an_output_folder_that_may_not_be_written_is_one_line_each(
    tmp_path: Path, model: Path, without_privilege: list[str], place: str, mode: int
) -> None:
    source, out = fill(tmp_path / "in", 2), tmp_path / "out"
    out.mkdir(mode=mode)
    done = translate(model, source, "-o", tmp_path / place, before=without_privilege)
    out.chmod(0o755)
    assert done.returncode == 1
    assert done.stdout == ""
    assert all("Permission denied" in line for line in done.stderr.splitlines()[1:-1])
    assert "Traceback" not in done.stderr
    assert list(out.iterdir()) == []


def test_inputs_that_vanish_or_shrink_while_it_runs_are_named(tmp_path: Path, model: Path) -> None:
    source, out = fill(tmp_path / "in", 60, side=160), tmp_path / "out"
    Path(source / "58.png").rename(source / "58.bmp")
    write(source / "58.bmp", Picture(picture(160, 160)))
    command = [*ARGUMENTS, "-m", str(model), str(source), "-o", str(out), "--batch-size", "1"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    process.stdout.readline()
    (source / "59.png").unlink()
    os.truncate(source / "58.bmp", 5000)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 3
    assert f"error: {source / '59.png'}: No such file or directory" in errors
    assert f"error: {source / '58.bmp'}: the file is truncated" in errors
    assert len(list(out.iterdir())) == 58


def named(result: dict[str, Any], key: str) -> str:
    """Return the name of a file that a line of JSON tells, whatever its bytes."""
    quoted = result.get(f"{key}_quoted")
    return str(result[key]) if quoted is None else os.fsdecode(unquote_to_bytes(quoted))


def test_a_name_of_any_bytes_is_printed_as_it_is_and_as_one_line(
    tmp_path: Path, model: Path
) -> None:
    names = [os.fsdecode(b"caf\xe9.png"), "two\nlines.png", "\x1b[31mred.png"]
    source, out = fill(tmp_path / "in", 1), tmp_path / "out"
    for name in names:
        (source / name).write_bytes(b"no picture")
        shutil.copy(source / "0.png", source / f"good {name}")
    made = {str(out / name) for name in ("0.png", *(f"good {name}" for name in names))}
    how: dict[str, Any] = {"errors": "surrogateescape"}
    how["env"] = {**os.environ, "PYTHONIOENCODING": "utf-8:strict"}
    done = translate(model, source, "-o", out, "--json", **how)
    done.stdout.encode()  # strictly: no half of a character is in it
    results = [json.loads(line) for line in done.stdout.splitlines()]
    assert {Path(named(result, "input")).name for result in results if "error" in result} == {
        *names
    }
    assert {named(result, "output") for result in results if "error" not in result} == made
    assert str(out / "good caf\\xe9.png") in {result.get("output") for result in results}
    errors = lines_of(done)
    assert [line.rsplit(": ", 1)[1] for line in errors] == ["not a picture that can be read"] * 3
    assert "\x1b" not in done.stderr
    plain = translate(model, source, "-o", out, "--overwrite", **how).stdout
    assert sorted(plain) == sorted("".join(f"{path}\n" for path in made))


def test_pipes_and_circles_of_links_are_refused_not_awaited(tmp_path: Path, model: Path) -> None:
    source = fill(tmp_path / "in", 1)
    os.mkfifo(source / "pipe.png")
    (source / "circle.png").symlink_to("circle.png")
    (source / "dangling.png").symlink_to("none.png")
    (source / "link.png").symlink_to("0.png")
    done = translate(model, source, "-o", tmp_path / "out", timeout=60)
    assert done.returncode == 3
    assert [line.removeprefix(f"error: {source}/") for line in lines_of(done)] == [
        "circle.png: Too many levels of symbolic links",
        "dangling.png: No such file or directory",
        "pipe.png: not a file, but a pipe or a device",
    ]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["0.png", "link.png"]


def test_two_inputs_never_share_an_output(tmp_path: Path, model: Path) -> None:
    for folder, name in (("one", "a.png"), ("one", "a.jpg"), ("two", "a.png")):
        write(tmp_path / folder / name, Picture(picture(24, 24, seed=len(folder + name))))
    sources = tmp_path / "one", tmp_path / "two"
    done = translate(model, *sources, "-o", tmp_path / "out", "--format", "png")
    assert done.returncode == 3
    note, error = lines_of(done)
    assert note.startswith(f"note: {tmp_path / 'one' / 'a.jpg'}: named a.jpg.png")
    assert error.endswith(
        f"its output {tmp_path}/out/a.png is already that of {tmp_path}/one/a.png"
    )
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a.jpg.png", "a.png"]


def test_where_case_is_ignored_two_inputs_never_share_an_output(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("A.png", "a.png", "a.JPG", "b.png"):
        (tmp_path / "in").mkdir(exist_ok=True)
        (tmp_path / "in" / name).touch()
    assert all(job.error is None for job in plan([tmp_path / "in"], tmp_path / "out"))
    # No file system here ignores case; that it would be noticed is the next test's claim.
    monkeypatch.setattr(mirror, "_ignores_case", lambda _: True)
    jobs = {job.input.name: job for job in plan([tmp_path / "in"], tmp_path / "out", "png")}
    assert jobs["b.png"].error is jobs["A.png"].error is jobs["a.JPG"].error is None
    assert jobs["a.JPG"].output.name == "a.JPG.png"
    assert "is already that of" in str(jobs["a.png"].error)


def test_whether_case_matters_is_tried_out(tmp_path: Path) -> None:
    (tmp_path / "x").touch()
    assert mirror._ignores_case(tmp_path / "not" / "there") == (tmp_path / "X").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


@pytest.mark.parametrize(
    ("number", "code", "word"),
    [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")],
)
def test_a_signal_ends_it_between_files(
    tmp_path: Path, model: Path, number: int, code: int, word: str
) -> None:
    source, out = fill(tmp_path / "in", 150, side=160), tmp_path / "out"
    command = [*ARGUMENTS, "-m", str(model), str(source), "-o", str(out), "--batch-size", "1"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    process.stdout.readline()
    os.kill(process.pid, number)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == code
    assert errors.splitlines()[-1] == word
    made = list(out.iterdir())
    assert 0 < len(made) < 150
    assert all(read(path).width == 160 for path in made)
