import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from cyclekit.inference.folder import translate_files
from cyclekit.inference.results import Options
from cyclekit.inference.resume import steps
from cyclekit.inference.translator import LARGEST_BATCH, Translator
from cyclekit.media.atomic import part_of
from cyclekit.media.images import Picture, write
from cyclekit.media.mirror import Job, compare_path, plan
from tests.inference.networks import Negative, Same
from tests.tiny import picture


def fill(folder: Path, sides: list[int]) -> list[Job]:
    for number, side in enumerate(sides):
        write(folder / "in" / f"{number}.png", Picture(picture(side, side, seed=number)))
    return plan([folder / "in"], folder / "out")


def shapes_of_a_run(folder: Path, jobs: list[Job]) -> list[tuple[int, ...]]:
    network = Same()
    translator = Translator(network, device="cpu", precision="fp32")
    list(translate_files(translator, jobs))
    return network.seen


def test_a_resumed_folder_runs_the_batches_of_an_undisturbed_one(tmp_path: Path) -> None:
    jobs = fill(tmp_path, [16] * 40 + [20, 20] + [300] * 3)
    assert shapes_of_a_run(tmp_path, jobs) == [
        (32, 3, 16, 16), (8, 3, 16, 16), (2, 3, 20, 20), *[(1, 3, 300, 300)] * 3,
    ]  # fmt: skip
    for number in (33, 41, 43):
        jobs[number].output.unlink()
    again = shapes_of_a_run(tmp_path, jobs)
    assert again == [(8, 3, 16, 16), (2, 3, 20, 20), (1, 3, 300, 300)]


def test_what_is_done_is_neither_written_nor_needed(tmp_path: Path) -> None:
    jobs = fill(tmp_path, [16] * 3 + [200])
    negative = Translator(Negative(), device="cpu", precision="fp32")
    list(translate_files(negative, jobs))
    jobs[0].output.write_bytes(b"mine")
    jobs[1].input.write_bytes(b"damaged since")
    jobs[2].output.unlink()
    jobs[3].input.unlink()
    results = list(translate_files(negative, jobs))
    assert [(result.skipped, result.error) for result in results] == [
        (True, None), (True, None), (False, None), (True, None),
    ]  # fmt: skip
    assert jobs[0].output.read_bytes() == b"mine"


def test_neighbours_of_what_is_not_done_are_its_mates(tmp_path: Path) -> None:
    jobs = fill(tmp_path, [16] * 5)
    for job in jobs[:3]:
        write(job.output, Picture(picture()))
    found = [(step.done, step.mates, step.last) for step in steps(jobs, Options(), 2)]
    assert found == [
        (True, False, False), (True, False, True), (True, True, False), (False, False, True),
        (False, False, True),
    ]  # fmt: skip
    assert not any(step.done for step in steps(jobs, Options(overwrite=True), 2))
    assert not any(step.done for step in steps(jobs, Options(compare=True), 2))
    write(compare_path(jobs[0].output), Picture(picture()))
    assert [step.done for step in steps(jobs, Options(compare=True), 2)].count(True) == 1


def test_an_output_that_cannot_be_looked_at_fails_alone(tmp_path: Path) -> None:
    good, _ = fill(tmp_path, [16, 16])
    long = Job(good.input, tmp_path / "out" / f"{'x' * 300}.png")
    jobs = [long, good, Job(good.input, good.input / "below-a-file.png")]
    translator = Translator(Same(), device="cpu", precision="fp32")
    errors = [result.error for result in translate_files(translator, jobs)]
    assert errors == [
        "cannot be written: File name too long",
        None,
        "cannot be written: a file stands where one of its folders must be",
    ]


def test_parts_of_killed_runs_are_swept_from_output_folders(tmp_path: Path) -> None:
    jobs = fill(tmp_path, [16])
    translator = Translator(Same(), device="cpu", precision="fp32")
    list(translate_files(translator, jobs))
    part_of(tmp_path / "out" / "0.png").write_bytes(b"half")
    part_of(tmp_path / "out" / "gone.png").write_bytes(b"half, and its input is gone")
    list(translate_files(translator, jobs))
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["0.png"]


@pytest.mark.skipif(sys.platform != "linux", reason="counts files in /proc")
def test_files_do_not_stay_open(tmp_path: Path) -> None:
    jobs = fill(tmp_path, [16] * 200)
    (tmp_path / "in" / "7.png").write_bytes(b"no picture")
    translator = Translator(Same(), device="cpu", precision="fp32")
    before = open_files()
    during = [open_files() for _ in translate_files(translator, jobs)]
    assert len(during) == 200
    assert max(during) <= before + 8  # two threads read, two write
    assert open_files() == before


def open_files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


@pytest.mark.skipif(sys.platform == "win32", reason="there is no kill -9")
def test_killed_at_any_moment_the_next_run_completes_the_folder() -> None:
    tool = Path(__file__).parents[2] / "tools" / "kill_test.py"
    command = [sys.executable, tool, "--times", "5", "--pictures", "48"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == 6
    assert all(line.endswith("then 0 differ, 0 are too many") for line in lines[1:])
    assert "killed after" in done.stdout


def test_largest_batches_are_what_windows_hold() -> None:
    assert Translator(Same(), device="cpu", precision="fp32").largest_batch == LARGEST_BATCH
    chosen = Translator(Same(), device="cpu", precision="fp32", batch_size=7)
    assert chosen.largest_batch == 7
    assert np.prod([chosen.batch_size(9, 9), chosen.batch_size(999, 999)]) == 49
