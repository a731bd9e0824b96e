"""What a run will take is measured, and a run that does not fit goes on in pieces."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from cyclekit.checkpoint.state import load_state
from cyclekit.cli.training_plan import plan_lines, profile_lines
from cyclekit.config.resolve import dump, resolve
from cyclekit.methods.lazy_penalty import LazyPenalty
from cyclekit.training import plan
from cyclekit.training.learner import build_learner
from cyclekit.training.plan import Plan, make_plan
from cyclekit.training.profile import make_profile
from cyclekit.training.step import train_step
from tests.tiny import batch
from tests.training.worlds import CPU, TINY, tiny_config, two_folders

ROOT = Path(__file__).parents[2]
MB = 2**20
on_linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="limits Linux's memory")
PLAN = Plan(
    batch=4, pieces=1, crop=64, seconds=0.5, images=7200, standing=300 * MB, moving=120 * MB,
    gradients=20 * MB, free=1000 * MB, stride=4, pictures=200,
)  # fmt: skip


def test_speed_and_time_follow_from_the_step():
    assert PLAN.speed == 8
    assert PLAN.total_seconds == 900


def test_what_fits_grows_with_pictures_and_area():
    """Of 900 MB, 20 are gradients; 100 MB hold 4 pictures of 64 px, so 880 hold 35, or 189 px."""
    assert PLAN.largest_batch == (35, "memory")
    assert PLAN.largest_crop == (188, "memory")
    assert plan_lines(PLAN) == [
        "speed   8 images/s, 0.5 s a step of 4",
        "memory  0.41 GiB at its peak, 0.98 GiB are free between steps",
        "largest crop 188 at batch 4, or batch 35 at crop 64, as far as growth tells",
        "time    7200 images, 0 h 15 min",
    ]


def test_nothing_is_claimed_far_beyond_what_was_measured():
    """Of 32 MB, 20 are gradients; 12 are less than can be told, so 16 MB may hold 4 pictures."""
    small = replace(PLAN, moving=32 * MB, free=64_000 * MB)
    assert small.largest_batch == (64, "measure")
    assert small.largest_crop == (256, "measure")
    assert plan_lines(small)[2] == (
        "largest crop of at least 256 at batch 4, or batch of at least 64 at crop 64, as far as "
        "growth tells"
    )
    assert replace(small, free=100 * MB).largest_batch == (17, "memory")  # (90 - 20) / 16 * 4
    in_pieces = replace(small, pieces=2)
    assert in_pieces.largest_batch == (32, "measure")
    assert in_pieces.largest_crop == (180, "measure")


def test_no_batch_is_larger_than_the_data_set():
    few = replace(PLAN, pictures=30)
    assert few.largest_batch == (30, "pictures")
    assert "or batch of all 30 pictures at crop 64" in plan_lines(few)[2]
    assert replace(PLAN, pictures=2, free=30 * MB).largest_batch == (0, "memory")


def wide(batch_size, crop=128):
    """Describe a run that takes 57 MB a picture of 128 px."""
    network = {"generator": {"name": "resnet", "width": 8, "blocks": 1}, "data": {"crop": crop}}
    return resolve([TINY, network, {"train": {"batch": batch_size, "images": batch_size}}])


def test_memory_grows_as_the_plan_expects(tmp_path):
    domains = two_folders(tmp_path)
    small, large = (make_plan(wide(count), domains, CPU) for count in (2, 4))
    if small.moving is None:
        pytest.skip("memory is measured on Linux only")
    assert small.images == 2
    assert small.seconds > 0
    assert small.moving > 20 * MB
    expected = small.gradients + 2 * (small.moving - small.gradients)
    assert large.moving == pytest.approx(expected, rel=0.3)


def test_a_step_with_every_lazy_penalty_is_measured(tmp_path, monkeypatch):
    """Its second derivatives may need the most memory of all steps."""
    due, begun = [], []
    is_due, begin = LazyPenalty.is_due, plan._Memory.begin
    monkeypatch.setattr(LazyPenalty, "is_due", lambda *a: due.append(is_due(*a)) or due[-1])
    monkeypatch.setattr(plan._Memory, "begin", lambda one: begin(one) or begun.append(len(due)))
    config = resolve([TINY, {"method": {"penalty": "r1", "penalty_every": 16}}])
    make_plan(config, two_folders(tmp_path), CPU)
    assert any(due[begun[0] :])


def command(folder, *options):
    """Train in a process of its own, on two folders of pictures; what lies there stays."""
    two_folders(folder)
    (folder / "tiny.yaml").write_text(dump(tiny_config()))
    before = sorted(folder.rglob("*"))
    result = subprocess.run(
        [sys.executable, "-m", "cyclekit", "train", "red", "blue", "--config", "tiny.yaml", *options],
        cwd=folder, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert (result.returncode, result.stderr) == (0, "")
    assert sorted(folder.rglob("*")) == before
    return result


def test_the_command_prints_a_profile_and_no_word_of_the_profiler(tmp_path):
    result = command(tmp_path, "--profile")
    assert [line.split()[0] for line in result.stdout.splitlines()[:3]] == [
        "step",
        "arithmetic",
        "by",
    ]


def test_the_command_prints_a_plan_and_writes_nothing(tmp_path):
    result = command(tmp_path, "--plan")
    words = [line.split()[0] for line in result.stdout.splitlines()]
    assert words == ["speed", "memory", "largest", "time"]
    assert "24 images" in result.stdout


def test_a_profile_says_where_the_time_goes(tmp_path):
    profile = make_profile(tiny_config(batch=4), two_folders(tmp_path), CPU)
    assert list(profile.parts) == ["making pictures", "generators", "discriminators"]
    assert sum(profile.parts.values()) > 0.5 * sum(profile.operations.values())
    assert any("convolution" in name for name in profile.operations)
    assert list(profile.operations)[-1] == "all others"
    assert 0 < profile.operations_a_second < profile.peak
    text = "\n".join(profile_lines(profile))
    assert "GFLOP/s that a matrix product reaches here" in text
    assert "by phase, of further steps" in text


def test_pieces_add_up_to_the_whole_batch():
    """Instance norms look at one picture, so nothing else can tell."""
    config = resolve([TINY, {"method": {"pool": 0}}])
    inputs = {"a": batch(6), "b": batch(6, seed=1)}
    weights, reports = [], []
    for pieces in (1, 3, 4):
        method = build_learner(config, CPU).method
        optimizers = {
            phase.name: torch.optim.SGD([p for n in phase.networks for p in n.parameters()], 0.1)
            for phase in method.phases()
        }
        reports.append(train_step(method, optimizers, inputs, seed=0, pieces=pieces))
        weights.append(method.state_dict())
    for other, report in zip(weights[1:], reports[1:], strict=True):
        for name, loss in report.items():
            torch.testing.assert_close(loss, reports[0][name], rtol=1e-4, atol=1e-5)
        for name, value in other.items():
            if isinstance(value, torch.Tensor):
                torch.testing.assert_close(value, weights[0][name], rtol=1e-3, atol=1e-5)


LITTLE_MEMORY = """
import resource, sys
from pathlib import Path
from cyclekit.training.loop import train
from cyclekit.training.listener import Listener
from tests.training.test_plan import CPU, wide
from tests.training.worlds import two_folders

class Notes(Listener):
    def note(self, message):
        print(message, flush=True)

folder = Path(sys.argv[1])
room, pictures, crop = map(int, sys.argv[2:])
domains = two_folders(folder / "data")
train(wide(1, 32), domains, folder / "first", device=CPU)
used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + room, used + room))
train(wide(pictures, crop), domains, folder / "run", device=CPU, listener=Notes())
"""


ONLY_LARGE_BLOCKS_FAIL = {
    "MALLOC_ARENA_MAX": "1", "MALLOC_MMAP_THRESHOLD_": "1000000", "MALLOC_TOP_PAD_": "100000000",
}  # fmt: skip
"""Libraries that torch calls die of a few bytes that they do not get, so these are held ready."""


def little_memory(tmp_path, room, pictures, crop):
    (tmp_path / "little.py").write_text(LITTLE_MEMORY)
    return subprocess.run(
        [sys.executable, *map(str, (tmp_path / "little.py", tmp_path, room, pictures, crop))],
        env={**os.environ, **ONLY_LARGE_BLOCKS_FAIL, "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip


@on_linux
def test_out_of_memory_the_run_goes_on_in_pieces(tmp_path):
    result = little_memory(tmp_path, 300 * MB, 12, 128)
    assert result.returncode == 0, result.stderr[-2000:]
    assert "out of memory with 12 pictures at once: from 0 images on" in result.stdout
    state = load_state(tmp_path / "run/state.pt")
    assert state["progress"]["images"] == 12
    assert state["pieces"] in (2, 4)


@on_linux
def test_where_one_picture_is_too_much_the_run_says_so(tmp_path):
    result = little_memory(tmp_path, 120 * MB, 2, 256)
    assert result.returncode == 1
    assert result.stderr.strip().endswith(
        "out of memory with a single picture of 256 px at once; lower data.crop or generator.width"
    )
