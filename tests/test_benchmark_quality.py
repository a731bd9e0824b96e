"""The benchmark of quality on a tiny set of pairs, from training to table."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from cyclekit.media.images import Picture, write

TOOL = Path(__file__).parents[1] / "tools/benchmark_quality.py"
SMALL = ("train.images=4", "generator.width=8", "generator.blocks=1", "discriminator.width=8",
         "data.load=32", "data.crop=32", "train.state_every=4")  # fmt: skip
PLAIN, OTHER = (240, 230, 220), (140, 180, 230)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Write pairs whose map is of one colour, but for a quarter of it."""
    draws = np.random.default_rng(0)
    for part, count in (("train", 6), ("val", 3)):
        for number in range(count):
            pair = draws.integers(0, 90, (32, 64, 3), dtype=np.uint8)
            pair[:, 32:] = PLAIN
            pair[:16, 32:48] = OTHER
            write(tmp_path / "data/maps" / part / f"{number}.png", Picture(pair))
    return tmp_path / "data"


def run(data: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    settings = [part for one in SMALL for part in ("--set", one)]
    command = [sys.executable, str(TOOL), str(data), "-o", str(data.parent / "runs"), "--only", "maps"]  # fmt: skip
    return subprocess.run(
        [*command, "--minutes", "1", *settings, *arguments], capture_output=True, text=True,
        cwd=TOOL.parents[1],
    )  # fmt: skip


def test_what_is_measured_is_kept_and_shown(data: Path) -> None:
    done = run(data)
    assert done.returncode == 0, done.stderr
    found = json.loads((data.parent / "runs/maps/quality.json").read_text())
    assert (found["images"], found["pictures"]) == (4, [6, 6])
    assert found["plain"]["within5"] == {"value": 0.75, "error": 0.0, "colour": [*PLAIN]}
    # The mean colour is a quarter of the way to the other: 3/4 are d/4 off, 1/4 is 3d/4 off.
    difference = np.subtract(PLAIN, OTHER).astype(float)
    off = np.sqrt((difference**2).mean() * (0.75 / 16 + 0.25 * 9 / 16))
    assert found["plain"]["rmse"]["value"] == pytest.approx(off)
    keys = {score["key"] for score in found["scores"]}
    assert {"rmse", "within5", "within10"} <= keys
    lines = done.stdout.splitlines()
    assert lines[0].startswith("| data | score | value |")
    assert any(line.startswith("| maps | within 5 levels |") and "0.75" in line for line in lines)
    model = data.parent / "runs/maps/model.safetensors"
    before = model.stat().st_mtime_ns
    assert run(data).stdout == done.stdout  # nothing is done twice
    assert model.stat().st_mtime_ns == before
    other = run(data, "--set", "train.seed=1")
    assert other.returncode == 1
    assert "of other settings" in other.stderr
