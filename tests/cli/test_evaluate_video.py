"""`cyclekit evaluate --video` on clips whose flicker is known."""

import contextlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import matplotlib
import numpy as np
import pytest
from click.testing import CliRunner

from cyclekit.cli.evaluate import command
from cyclekit.errors import CyclekitError
from cyclekit.evaluation.film import measure_film
from cyclekit.media.video.encoding import Wishes
from cyclekit.pixels import Array
from tests.clips import make_clip, negative, run, scene
from tests.tiny import real_data

LOSSLESS = {"codec": "ffv1", "pixel_format": "yuv444p"}


def still_film(count: int = 6) -> list[Array]:
    """A film in which nothing moves, smooth enough that the flow is none."""
    noise = np.random.default_rng(0).integers(60, 160, (48, 64, 3)).astype(np.uint8)
    return [np.asarray(cv2.GaussianBlur(noise, (0, 0), 2)) for _ in range(count)]


def flickering(frames: list[Array], levels: int) -> list[Array]:
    return [frame + np.uint8(levels * (i % 2)) for i, frame in enumerate(frames)]


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("films")
    make_clip(folder / "in.mkv", still_film(), **LOSSLESS)
    make_clip(folder / "ten.mkv", flickering(still_film(), 10), **LOSSLESS)
    make_clip(folder / "calm.mkv", flickering(still_film(), 3), **LOSSLESS)
    make_clip(folder / "noisy.mkv", flickering(still_film(), 1), **LOSSLESS)
    make_clip(folder / "short.mkv", still_film(5), **LOSSLESS)
    make_clip(folder / "small.mkv", [frame[:, :48] for frame in still_film()], **LOSSLESS)
    make_clip(folder / "slow.mkv", still_film(), pts=[48 * i for i in range(6)], **LOSSLESS)
    return folder


def evaluate(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    surroundings = {**os.environ, "MPLCONFIGDIR": matplotlib.get_cachedir()}
    started = [sys.executable, "-m", "cyclekit", "evaluate", *arguments]
    return subprocess.run(
        started, cwd=folder, env=surroundings, capture_output=True, text=True, check=False
    )


def evaluate_here(folder: Path, *arguments: str) -> tuple[int, str, str]:
    """Run in this process; an error of ours counts as main() would."""
    with contextlib.chdir(folder):
        result = CliRunner().invoke(command, arguments)
    if isinstance(result.exception, CyclekitError):
        return result.exception.exit_code, "", str(result.exception)
    return result.exit_code, result.stdout, result.stderr


def values(source: Path, result: Path) -> dict[str, Any]:
    return {row.key: row for row in measure_film(source, result).measures()}


def test_known_flicker_is_measured_and_drawn(films: Path, tmp_path: Path) -> None:
    pairs = ("--video", "in.mkv", "ten.mkv", "--video", "in.mkv", "calm.mkv")
    done = evaluate(films, *pairs, "--json", "-o", str(tmp_path / "out"))
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    found = {(line["result"], line["key"]): line for line in lines}
    assert len(lines) == 10
    for result, levels in (("ten.mkv", 10), ("calm.mkv", 3)):
        for key in ("change", "flicker", "still_change", "still_flicker"):
            assert found[result, key]["value"] == pytest.approx(levels, abs=0.3), key
        squared = (levels / 255) ** 2 * 1e4
        assert found[result, "warping_error"]["value"] == pytest.approx(squared, rel=0.1)
        assert found[result, "change"]["frames"] == 6
    assert (tmp_path / "out/flicker.svg").stat().st_size > 5000
    assert cv2.imread(str(tmp_path / "out/flicker.png")).shape[1] > 800
    numbers = json.loads((tmp_path / "out/results.json").read_text())
    assert [len(one["still_change"]) for one in numbers["over_time"]] == [5, 5]
    assert numbers["over_time"][0]["seconds"] == pytest.approx([0.04 * i for i in range(1, 6)])
    code, _, message = evaluate_here(films, *pairs, "-o", str(tmp_path / "out"))
    assert code == 2
    assert "--overwrite" in message


def test_the_table_holds_results_and_nothing_else(films: Path) -> None:
    _, out, _ = evaluate_here(films, "--video", "noisy.mkv", "ten.mkv")
    head, *rows = out.strip().splitlines()
    assert head.split() == ["ten.mkv,", "6", "frames", "result", "source", "ratio"]
    assert len(rows) == 6
    assert "share of the pixels that is still" in rows[-1]
    (still,) = (row.split() for row in rows if row.startswith("change where the source is still"))
    result, source, ratio = map(float, still[-3:])
    assert (result, source) == (pytest.approx(10, abs=0.3), pytest.approx(1, abs=0.3))
    assert ratio == pytest.approx(result / source, rel=0.01)


@pytest.mark.parametrize(
    ("result", "message"),
    [
        ("short.mkv", "short.mkv: 5 frames, fewer than in.mkv; expected as many"),
        ("small.mkv", "small.mkv: 48x48, but in.mkv is 64x48; expected one size"),
        ("slow.mkv", "slow.mkv: frame 2 is shown at 0.08 s, in in.mkv at 0.04 s"),
        ("none.mkv", "none.mkv: no such file"),
    ],
)
def test_what_does_not_belong_together_is_one_line(films: Path, result: str, message: str) -> None:
    code, out, told = evaluate_here(films, "--video", "in.mkv", result)
    assert (code, out) == (1, "")
    assert told.startswith(f"error: {message}")
    assert told.count("\n") == 1


def test_one_bad_film_does_not_stop_the_rest(films: Path) -> None:
    done = evaluate(films, "--video", "in.mkv", "short.mkv", "--video", "in.mkv", "ten.mkv")
    assert done.returncode == 3
    assert done.stdout.startswith("ten.mkv, 6 frames")


@pytest.mark.parametrize("other", [("--real", "."), ("-m", "starry-night"), ("--seeds",)])
def test_films_and_pictures_are_not_measured_at_once(films: Path, other: tuple[str, ...]) -> None:
    code, _, told = evaluate_here(films, "--video", "in.mkv", "ten.mkv", *other)
    assert code == 2
    assert f"--video measures films, {other[0]} pictures" in told


def test_cuts_are_left_out(tmp_path: Path) -> None:
    film = [*still_film(3), *(255 - frame[::-1] for frame in still_film(3))]
    source = make_clip(tmp_path / "in.mkv", film, **LOSSLESS)
    found = measure_film(source, source)
    assert (len(found.times), found.cuts) == (5, 1)
    assert found.mean("change") == 0


def test_frames_are_not_kept(films: Path, tmp_path: Path) -> None:
    """A film ten times as long takes no more memory."""
    import tracemalloc

    peaks = []
    for count in (10, 100):
        source = make_clip(tmp_path / f"{count}.mkv", scene(count, 160, 120), **LOSSLESS)
        measure_film(source, source)  # whatever is imported is not counted
        tracemalloc.start()
        measure_film(source, source)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.05 * peaks[0] + 90 * 9 * 8 * 3  # nine numbers a frame


@pytest.mark.data
@pytest.mark.parametrize("name", ["imageio_realshort.mp4", "lynnho_horse.gif"])
def test_a_real_film_and_its_negative_flicker_alike(name: str, tmp_path: Path) -> None:
    source = real_data() / "video" / name
    target = tmp_path / "negative.mkv"
    wishes = Wishes(codec="ffv1", pixel_format="yuv444p")
    run(source, target, wishes, step=negative)
    found = values(source, target)
    assert found["change"].ratio == pytest.approx(1, abs=0.05)
    assert found["warping_error"].ratio == pytest.approx(1, abs=0.05)
