"""The benchmark of students, from a tiny teacher to the table."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from cyclekit.media.images import Picture, read, write
from tests.models.features.published import mobilenet_shapes, randomly
from tests.tiny import picture, tiny_model

TOOL = Path(__file__).parents[1] / "tools/benchmark_students.py"


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    for part, count in (("photos", 5), ("others", 3)):
        for number in range(count):
            write(tmp_path / part / f"{number}.png", Picture(picture(32, 32, seed=number)))
    tiny_model(tmp_path / "teacher.safetensors")
    torch.save(randomly(mobilenet_shapes()), tmp_path / "mobilenet.pth")
    return tmp_path


def run(desk: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    places = [str(desk / name) for name in ("teacher.safetensors", "photos", "others")]
    command = [sys.executable, str(TOOL), *places, "-o", str(desk / "out"), "--macs", "0.2G"]
    small = ["data.load=32", "data.crop=32", "generator.skip=false"]
    settings = [part for one in small for part in ("--set", one)]
    return subprocess.run(
        [*command, *settings, "--images", "4", "--features", str(desk / "mobilenet.pth"), *arguments],
        capture_output=True, text=True, cwd=TOOL.parents[1],
    )  # fmt: skip


def test_students_are_taught_measured_and_shown(desk: Path) -> None:
    done = run(desk)
    assert done.returncode == 0, done.stderr
    header, _, untouched, teacher, student = done.stdout.splitlines()
    assert header == "| | GMAC | parameters | MB | ms | PSNR, dB | FD |"
    assert untouched.startswith("| nothing done |")
    assert teacher.startswith("| teacher, width 8, blocks 1 |")
    assert student.startswith("| 0.2G, width ")
    found = json.loads((desk / "out/students.json").read_text())
    assert (found["pictures"], found["held_out"]) == (5, 3)
    rows = {row["name"]: row for row in found["rows"]}
    assert rows["teacher"]["psnr"] > 40  # its own pictures, once more
    assert rows["teacher"]["fd"] == pytest.approx(0, abs=1e-3)
    assert 0.15 < rows["0.2G"]["gmac"] <= 0.2
    assert 0 < rows["0.2G"]["psnr"] < 40
    assert rows["0.2G"]["milliseconds"] > 0
    sheet = read(desk / "out/sheet.png")
    assert sheet.height < sheet.width * 1.2  # 3 rows of 3
    model = desk / "out/0.2Gmac/model.safetensors"
    before = model.stat().st_mtime_ns
    again = run(desk)
    assert again.returncode == 0, again.stderr
    assert model.stat().st_mtime_ns == before
