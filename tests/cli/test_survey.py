"""`cyclekit data survey`, `split` and `pairs`: lines, objects, pages, exit codes."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from cyclekit.cli.main import main
from cyclekit.data.layouts import find_domains
from cyclekit.media.images import Picture, read, write
from tests.survey.worlds import fill, planted, put, scene
from tests.tiny import picture


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[object, str, str]:
    """Run the command in this process: starting one takes longer than all that is tested."""
    with pytest.raises(SystemExit) as left:
        main(["data", *map(str, arguments)])
    return left.value.code, *capsys.readouterr()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("desk") / "world"
    planted(root)
    return root


def test_a_process_prints_findings_and_writes_page_and_copies(world: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "cyclekit", "data", "survey", world, "-o", tmp_path / "page"]
    command += ["--fix", tmp_path / "clean", "--features", "colour", "--no-timing"]
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].startswith("A (train): 23 pictures, 1 other files, ")
    assert "error: copies leak from training to test, groups: 1" in lines
    assert any(line.startswith("train with: cyclekit train ") for line in lines)
    assert "left out" in done.stderr
    assert (tmp_path / "page/index.html").stat().st_size > 20_000
    assert (tmp_path / "clean/trainA/liar.png").is_file()


def test_json_tells_everything_an_object_a_line(world: Path, capsys) -> None:
    code, out, _ = run(capsys, "survey", world, "--json", "-q", "--features", "none", "--no-timing")
    found = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    piles = [one for one in found if one["kind"] == "pile"]
    assert [(one["domain"], one["split"], one["pictures"]) for one in piles] == [
        ("A", "train", 23), ("B", "train", 14), ("A", "test", 4), ("B", "test", 4),
    ]  # fmt: skip
    assert piles[0]["short_side_px"]["p0"] == 70
    problems = {
        (one["problem"], Path(one["file"]).name) for one in found if one["kind"] == "problem"
    }
    assert ("truncated", "cut.png") in problems
    assert next(one["leak"] for one in found if one["kind"] == "copies") == "train and test"
    assert found[-1]["kind"] == "recommendation"


def test_the_time_is_measured_unless_it_is_not_wanted(tmp_path: Path, capsys) -> None:
    for folder, first in (("a", 0), ("b", 50)):
        fill(tmp_path / folder, range(first, first + 4))
    options = ("--json", "-q", "--features", "none")
    _, out, _ = run(capsys, "survey", tmp_path / "a", tmp_path / "b", *options)
    told = json.loads(out.splitlines()[-1])
    assert told["preset"] == "painting"
    assert told["seconds_per_step"] > 0
    assert told["hours"] == pytest.approx(
        told["seconds_per_step"] * told["pictures"] / told["batch"] / 3600, abs=0.02
    )
    _, out, _ = run(capsys, "survey", tmp_path / "a", tmp_path / "b", *options, "--quick")
    assert "hours" not in json.loads(out.splitlines()[-1])


def test_names_break_neither_lines_nor_json(tmp_path: Path, capsys) -> None:
    fill(tmp_path / "x", range(2))
    latin = tmp_path / "x" / "caf\udce9\nau lait.png"
    try:
        put(tmp_path / "x" / "new.png", scene(9)).rename(latin)
    except OSError:
        pytest.skip("this file system takes only names that are text")
    options = ("survey", tmp_path / "x", "--features", "none", "--no-timing", "-q")
    _, out, _ = run(capsys, *options, "--json")
    out.encode()  # strictly
    found = [json.loads(line) for line in out.splitlines()]
    named = [Path(one["file"]).name for one in found if one.get("problem") == "name"]
    assert named == ["caf\\xe9\nau lait.png"]
    _, out, _ = run(capsys, *options)
    assert len([line for line in out.splitlines() if "au lait" in line]) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["survey", "nowhere"], "nowhere: no such folder"),
        (["survey", "x", "--quick", "--fix", "y"], "leave out --quick"),
        (["survey", "x", "--fix", "x/y"], "beside or in what is copied"),
        (["survey", "x", "--features", "mobilnet"], "did you mean 'mobilenet'?"),
        (["split", "x", "-o", "x/out"], "lies in x"),
        (["split", "nowhere", "-o", "out"], "nowhere: no such folder"),
        (["pairs", "split", "nowhere", "-o", "out"], "nowhere: no such folder"),
    ],
)
def test_mistakes_are_one_clear_line(
    arguments: list[str], message: str, tmp_path: Path, capsys, monkeypatch
) -> None:
    monkeypatch.chdir(tmp_path)
    fill(tmp_path / "x", range(2))
    code, out, err = run(capsys, *arguments, *(["-q"] if arguments[0] == "survey" else []))
    assert code in (1, 2)
    assert message in err
    assert len(err.splitlines()) == 1
    assert out == ""


def test_split_keeps_copies_together_in_the_layout_that_training_takes(
    tmp_path: Path, capsys
) -> None:
    for name, first in (("cat", 0), ("dog", 100)):
        fill(tmp_path / name, range(first, first + 20))
        for seed in range(first, first + 20):
            put(tmp_path / name / f"copy {seed}.jpg", scene(seed, 80, 80))
    (tmp_path / "dog" / "broken.jpg").write_bytes(b"no picture")
    code, out, err = run(
        capsys, "split", tmp_path / "cat", tmp_path / "dog", "-o", tmp_path / "out", "--test", 0.25,
        "--json",
    )  # fmt: skip
    assert code == 3
    placed = [json.loads(line) for line in out.splitlines()]
    assert [one["error"] for one in placed if "error" in one] == ["not a picture that can be read"]
    splits: dict[int, set[str]] = {}
    for one in placed:
        if "split" in one:
            number = int(Path(one["input"]).stem.split()[-1])
            splits.setdefault(number, set()).add(one["split"])
    assert len(splits) == 40
    assert all(len(where) == 1 for where in splits.values())
    cat, dog = find_domains([tmp_path / "out"])
    assert [(d.name, len(d.train), len(d.held_out)) for d in (cat, dog)] == [
        ("cat", 30, 10), ("dog", 30, 10),
    ]  # fmt: skip
    assert "in 40 groups" in err
    code, _, err = run(capsys, "split", tmp_path / "cat", "-o", tmp_path / "one")
    assert code == 0
    before = sorted((tmp_path / "one").rglob("*"))
    for more in ((), ("--overwrite",)):
        other = ("split", tmp_path / "cat", "-o", tmp_path / "one", "--seed", 5, *more)
        code, out, err = run(capsys, *other, "--quiet")
        assert (code, out) == (2, "")
        assert "holds another division" in err
    assert sorted((tmp_path / "one").rglob("*")) == before
    assert run(capsys, "split", tmp_path / "cat", "-o", tmp_path / "one")[0] == 0  # the same again
    assert {path.name for path in (tmp_path / "one").iterdir()} == {"train", "test"}


def test_pairs_go_there_and_back(tmp_path: Path, capsys) -> None:
    for number in range(2):
        write(tmp_path / "in" / "train" / f"{number}.png", Picture(picture(20, 40, seed=number)))
    code, out, _ = run(capsys, "pairs", "split", tmp_path / "in", "-o", tmp_path / "out", "--names", "l", "r")  # fmt: skip
    assert (code, out.splitlines()) == (0, [str(tmp_path / f"out/train/l/{n}.png") for n in "01"])
    sides = [tmp_path / "out/train" / side for side in "lr"]
    code, out, _ = run(capsys, "pairs", "join", *sides, "-o", tmp_path / "back", "--json")
    assert [json.loads(line)["outputs"] for line in out.splitlines()] == [
        [str(tmp_path / f"back/{n}.png")] for n in "01"
    ]
    first, second = (read(tmp_path / place / "0.png").pixels for place in ("in/train", "back"))
    assert np.array_equal(first, second)
