"""`cyclekit critique`: one run as a process, the rest in this one."""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from cyclekit.cli.main import main
from cyclekit.media.images import Picture, read, write
from cyclekit.training.loop import train
from tests.tiny import picture, tiny_model
from tests.training.worlds import CPU, tiny_config, two_folders


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("desk")
    domains = two_folders(folder)
    train(tiny_config(images=12), domains, folder / "run", device=CPU)
    for name, image in (("a", picture(20, 30)), ("b", picture(40, 16, seed=1))):
        write(folder / "in" / f"{name}.png", Picture(image))
    (folder / "in" / "broken.jpg").write_bytes(b"no picture")
    return folder


@dataclass
class Done:
    returncode: object
    stdout: str
    stderr: str


@pytest.fixture
def critique(capsys: pytest.CaptureFixture[str]) -> Callable[..., Done]:
    """Run the command in this process: starting one takes longer than all that is tested."""

    def run(*arguments: object) -> Done:
        with pytest.raises(SystemExit) as left:
            main(["critique", "--device", "cpu", *map(str, arguments)])
        return Done(left.value.code, *capsys.readouterr())

    return run


def test_a_line_and_a_map_for_every_picture(desk: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "cyclekit", "critique", "--device", "cpu", desk / "in"]
    done = subprocess.run(
        [*map(str, command), "-o", tmp_path / "out", "-m", desk / "run"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 3
    lines = [line.split("  ", 1) for line in done.stdout.splitlines()]
    assert [path for _, path in lines] == [str(tmp_path / f"out/{name}.png") for name in "ab"]
    assert all(0 <= float(share) <= 1 for share, _ in lines)
    assert all(read(Path(path)).width >= 192 for _, path in lines)
    assert "is it a real 'blue'? (lsgan, a verdict every 2 pixels" in done.stderr
    assert "broken.jpg: not a picture that can be read" in done.stderr
    assert "2 judged, 1 failed" in done.stderr


def test_a_name_with_a_line_break_is_one_line(
    desk: Path, tmp_path: Path, critique: Callable[..., Done]
) -> None:
    write(tmp_path / "in" / "two\nlines.png", Picture(picture(20, 30)))
    done = critique(tmp_path / "in", "-o", tmp_path / "out", "-m", desk / "run")
    (line,) = done.stdout.splitlines()
    assert line.endswith("two\\x0alines.png")


def test_json_is_sorted_and_complete_also_the_second_time(
    desk: Path, tmp_path: Path, critique: Callable[..., Done]
) -> None:
    arguments = (desk / "in", "-o", tmp_path, "-m", desk / "run", "--json", "-q")
    first, second = critique(*arguments), critique(*arguments, "--domain", "blue")
    found = [json.loads(line) for line in first.stdout.splitlines()]
    assert [one["real"] for one in found[:2]] == sorted(one["real"] for one in found[:2])
    assert found[2]["input"] == str(desk / "in/broken.jpg")
    assert -1 <= found[0]["verdict"] <= 1
    again = [json.loads(line) for line in second.stdout.splitlines()]
    assert [one.pop("skipped", None) for one in again] == [True, True, None]
    assert again == found
    other = critique(*arguments, "--domain", "red")
    assert other.returncode == 1
    assert "was judged by 'blue' of state.pt" in other.stderr


def test_who_has_no_discriminator_is_told_how_to_get_one(
    desk: Path, tmp_path: Path, critique: Callable[..., Done]
) -> None:
    model = tiny_model(tmp_path / "model.safetensors")
    done = critique(desk / "in", "-o", tmp_path / "out", "-m", model)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert "train --keep-discriminators" in done.stderr
    assert not (tmp_path / "out").exists()


def test_wrong_usage_is_2(desk: Path, critique: Callable[..., Done]) -> None:
    for arguments, reason in (
        (["-o", desk / "in/a.png", "-m", desk / "run"], "is a file; expected a folder"),
        (["-o", desk / "out", "-m", desk / "run", "--domain", "bleu"], "did you mean 'blue'"),
        (["-o", desk / "out"], "--model"),
    ):
        done = critique(desk / "in", *arguments)
        assert done.returncode == 2
        assert reason in done.stderr


def test_an_original_is_never_overwritten(desk: Path, critique: Callable[..., Done]) -> None:
    before = (desk / "in/a.png").read_bytes()
    done = critique(desk / "in", "-o", desk / "in", "-m", desk / "run", "--overwrite")
    assert done.returncode == 1
    assert "is an input; choose another output folder" in done.stderr
    assert (desk / "in/a.png").read_bytes() == before
