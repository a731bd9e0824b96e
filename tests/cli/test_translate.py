import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import cyclekit
from cyclekit.media.images import Picture, read, write
from tests.media.odd import COUNT, REFUSED, odd
from tests.tiny import picture, tiny_model

ARGUMENTS = [
    sys.executable,
    "-m",
    "cyclekit",
    "translate",
    "--device",
    "cpu",
    "--precision",
    "fp32",
]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_model(tmp_path_factory.mktemp("model") / "tiny.safetensors")


def translate(model: Path, *arguments: object) -> "subprocess.CompletedProcess[str]":
    command = [*ARGUMENTS, "-m", str(model), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def fill(folder: Path, count: int, side: int = 24) -> Path:
    for number in range(count):
        write(folder / f"{number}.png", Picture(picture(side, side, seed=number)))
    return folder


def test_a_folder_comes_out_and_a_second_run_does_nothing(tmp_path: Path, model: Path) -> None:
    source, out = fill(tmp_path / "in", 3), tmp_path / "out"
    first = translate(model, source, "-o", out)
    assert first.returncode == 0
    assert first.stdout.splitlines() == [str(out / f"{number}.png") for number in range(3)]
    assert "horse to zebra, on cpu in fp32" in first.stderr
    assert "3 translated in" in first.stderr
    expected = cyclekit.load(model, precision="fp32", device="cpu")(read(source / "0.png").pixels)
    assert np.array_equal(read(out / "0.png").pixels, expected)
    second = translate(model, source, "-o", out)
    assert (second.returncode, second.stdout) == (0, "")
    assert "3 skipped" in second.stderr


def test_json_tells_of_every_input_and_some_failures_are_3(tmp_path: Path, model: Path) -> None:
    source = fill(tmp_path / "in", 2)
    (source / "1.png").write_bytes(b"")
    done = translate(model, source, "-o", tmp_path / "out", "--json", "--quiet")
    good, bad = map(json.loads, done.stdout.splitlines())
    assert done.returncode == 3
    assert good.pop("seconds") > 0
    assert good == {
        "input": str(source / "0.png"),
        "output": str(tmp_path / "out" / "0.png"),
        "width": 24,
        "height": 24,
    }
    assert bad == {"input": str(source / "1.png"), "error": "the file is empty"}
    assert done.stderr == f"error: {source / '1.png'}: the file is empty\n"


def test_nothing_done_is_1(tmp_path: Path, model: Path) -> None:
    done = translate(model, tmp_path / "none.png", "-o", tmp_path / "out")
    assert done.returncode == 1
    assert "none.png: no such file or folder" in done.stderr


def test_a_missing_picture_is_said_to_be_missing(tmp_path: Path, model: Path) -> None:
    done = translate(model, tmp_path / "none.jpg", "-o", tmp_path / "made.png")
    assert done.returncode == 1
    assert "none.jpg: no such file or folder" in done.stderr


def test_one_picture_may_go_to_one_file(tmp_path: Path, model: Path) -> None:
    source = fill(tmp_path / "in", 2)
    target = tmp_path / "deep" / "made.webp"
    done = translate(model, source / "0.png", "-o", target, "--direction", "horse", "--compare")
    assert done.returncode == 0
    assert done.stdout == f"{target}\n"
    assert "zebra to horse" in done.stderr
    assert sorted(path.name for path in target.parent.iterdir()) == [
        "made.webp",
        "made.webp.compare.png",
    ]


def test_one_picture_may_go_through_a_link_but_not_to_its_original(
    tmp_path: Path, model: Path
) -> None:
    source = fill(tmp_path / "in", 1) / "0.png"
    before = source.read_bytes()
    (tmp_path / "far").mkdir()
    link, original = tmp_path / "link.png", tmp_path / "original.png"
    link.symlink_to("far/real.png")
    original.symlink_to("in/0.png")
    done = translate(model, source, "-o", link)
    assert (done.returncode, done.stdout) == (0, f"{tmp_path / 'far/real.png'}\n")
    assert link.is_symlink()
    refused = translate(model, source, "-o", original, "--overwrite")
    assert refused.returncode == 2
    assert "inputs are never overwritten" in refused.stderr
    assert source.read_bytes() == before


def test_a_comparison_spares_the_originals(tmp_path: Path, model: Path) -> None:
    source = tmp_path / "a.png.compare.png"
    write(source, Picture(picture(20, 20)))
    before = source.read_bytes()
    for output, code in ((tmp_path / "a.png", 2), (tmp_path, 1)):
        done = translate(model, source, "-o", output, "--compare", "--overwrite")
        assert (done.returncode, source.read_bytes()) == (code, before)


@pytest.mark.parametrize(
    ("output", "extra", "reason"),
    [
        ("made.png", ["in/1.png"], "names one picture; for several inputs, name a folder"),
        ("made.png", ["--format", "jpg"], "disagree"),
        ("in/0.png", [], "inputs are never overwritten"),
        ("made.gif", [], "cannot write '.gif'; expected one of .png"),
        ("made.txt", [], "cannot write '.txt'; expected one of .png"),
        ("in", ["in/"], "input and output are the same folder"),
        ("out", ["--size", "9x9", "--max-size", "9"], "leave one out"),
        ("out", ["--size", "100000x100000"], "expected at most 300 megapixels"),
    ],
)
def test_contradictions_are_wrong_usage(
    tmp_path: Path, model: Path, output: str, extra: list[str], reason: str
) -> None:
    source = fill(tmp_path / "in", 2)
    more = [str(tmp_path / word) if word.startswith("in/") else word for word in extra]
    done = translate(model, source / "0.png", *more, "-o", tmp_path / output)
    assert done.returncode == 2
    assert reason in done.stderr


def test_tiles_and_little_memory_change_nothing(tmp_path: Path, model: Path) -> None:
    source = fill(tmp_path / "in", 1, side=100)
    for name, options in {
        "whole": ["--tile", "off"],
        "tiled": ["--tile", "32"],
        "frugal": ["--memory", "1M"],
    }.items():
        done = translate(
            model, source / "0.png", "-o", tmp_path / f"{name}.png", "--precision", "fp32", *options
        )
        assert done.returncode == 0
    expected = read(tmp_path / "whole.png").pixels.astype(int)
    for name in ("tiled", "frugal"):
        assert np.abs(read(tmp_path / f"{name}.png").pixels - expected).max() <= 1


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--tile", "8"], "'8' is neither 'auto' nor 'off' nor a number from 16"),
        (["--tile", "big"], "'big' is neither"),
        (["--memory", "lots"], "memory must be a size such as 4G or 800M, got 'lots'"),
        (["--memory", "0"], "memory must be a size"),
    ],
)
def test_wrong_sizes_are_wrong_usage(
    tmp_path: Path, model: Path, options: list[str], reason: str
) -> None:
    done = translate(model, fill(tmp_path / "in", 1), "-o", tmp_path / "out", *options)
    assert done.returncode == 2
    assert reason in done.stderr


def test_compiling_without_a_compiler_is_wrong_usage(
    tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("CXX", "no-such-compiler")
    done = translate(model, fill(tmp_path / "in", 1), "-o", tmp_path / "out", "--compile")
    assert done.returncode == 2
    assert "--compile needs a C++ compiler" in done.stderr


@pytest.mark.slow
def test_a_compiled_network_gives_the_same_picture(tmp_path: Path, model: Path) -> None:
    source = fill(tmp_path / "in", 1, side=64)
    for name, options in {"eager": [], "compiled": ["--compile"]}.items():
        options = [*options, "--precision", "fp32"]
        done = translate(model, source / "0.png", "-o", tmp_path / f"{name}.png", *options)
        assert done.returncode == 0
    made = [read(tmp_path / f"{name}.png").pixels.astype(int) for name in ("eager", "compiled")]
    assert np.abs(made[0] - made[1]).max() <= 1


@pytest.mark.data
def test_every_odd_file_is_translated_or_reported_in_one_line(tmp_path: Path, model: Path) -> None:
    done = translate(model, odd(), "-o", tmp_path, "--json", "--max-size", 256)
    results = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 3
    assert len(results) == COUNT
    failed = {
        Path(result["input"]).name: result["error"] for result in results if "error" in result
    }
    assert failed.keys() == REFUSED.keys()
    assert all(REFUSED[name] in reason for name, reason in failed.items())
    for result in results:
        if "error" not in result:
            made, before = read(Path(result["output"])), read(Path(result["input"]))
            assert (made.width, made.height) == (result["width"], result["height"])
            assert max(made.width, made.height) <= 256
            assert made.gray == before.gray or Path(result["output"]).suffix == ".webp"
    lines = done.stderr.splitlines()
    assert all(
        line.startswith(("tiny.safetensors", "note: ", "error: ", "75 translated"))
        for line in lines
    )
    assert sum(line.startswith("error: ") for line in lines) == len(REFUSED)


@pytest.mark.parametrize("name", ["out.d", "out.png"])
def test_a_slash_at_the_end_means_a_folder(tmp_path: Path, model: Path, name: str) -> None:
    source = fill(tmp_path / "in", 1) / "0.png"
    done = translate(model, source, "-o", f"{tmp_path / name}/", "--report")
    assert (done.returncode, done.stdout) == (0, f"{tmp_path / name / '0.png'}\n")
    assert (tmp_path / name / "report" / "index.html").is_file()
    refused = translate(model, source, "-o", f"{source}/")
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)
    assert "is a file; expected a folder" in refused.stderr
