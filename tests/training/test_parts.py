import json
from itertools import pairwise

import pytest
import torch

from cyclekit.checkpoint.state import load_state, save_state
from cyclekit.errors import CheckpointError
from cyclekit.media.atomic import part_of
from cyclekit.methods.cyclegan import CycleGAN
from cyclekit.models import GENERATORS
from cyclekit.registry import Spec
from cyclekit.training.average import Average
from cyclekit.training.loggers import JsonLines
from cyclekit.training.progress import Progress
from cyclekit.training.schedules import rate_factor
from cyclekit.training.step import train_step
from tests.tiny import batch, tiny_generator, tiny_spec


@pytest.mark.parametrize(("images", "factor"), [(0, 1), (50, 1), (75, 0.5), (100, 0)])
def test_the_rate_is_constant_then_falls_in_a_line(images, factor):
    assert rate_factor(Progress(images, 100), hold=0.5) == pytest.approx(factor)


def test_the_rate_waits_for_an_unknown_length():
    assert rate_factor(Progress(10**6, None), hold=0.5) == 1


def test_an_average_halves_the_distance_in_its_half_life():
    old, new = tiny_generator(), tiny_generator()
    average = Average({"ab": old}, half_life=100)
    with torch.no_grad():
        for parameter in new.parameters():
            parameter.add_(1)
    for _ in range(10):
        average.update({"ab": new}, images=10**6, batch=10)
    pairs = zip(average.generators["ab"].parameters(), new.parameters(), strict=True)
    for mean, target in pairs:
        torch.testing.assert_close(target - mean, torch.full_like(mean, 0.5))


def test_a_half_life_of_zero_follows_at_once():
    average, new = Average({"ab": tiny_generator()}, 0), tiny_generator()
    with torch.no_grad():
        next(new.parameters()).add_(1)
    average.update({"ab": new}, 10, 1)
    assert torch.equal(next(average.generators["ab"].parameters()), next(new.parameters()))


def test_crossing_a_multiple_is_seen_once():
    moments = [Progress(images) for images in range(0, 21, 4)]
    crossed = [now.crossed(before, 10) for before, now in pairwise(moments)]
    assert crossed == [False, False, True, False, True]


def test_a_phase_changes_its_own_networks_only():
    torch.manual_seed(0)
    method = CycleGAN(tiny_spec(GENERATORS, "mobile"), Spec("patch", {"layers": 1, "width": 8}))
    optimizers = {
        phase.name: torch.optim.SGD([p for n in phase.networks for p in n.parameters()], lr=rate)
        for phase, rate in zip(method.phases(), (0.1, 0.0), strict=True)
    }
    before = {name: tensor.clone() for name, tensor in method.named_parameters()}
    losses = train_step(method, optimizers, {"a": batch(1), "b": batch(1, seed=1)}, seed=0)
    changed = {
        name[:4] for name, p in method.named_parameters() if not torch.equal(p, before[name])
    }
    assert changed == {"g_ab", "g_ba"}
    assert all(p.grad is None and p.requires_grad for p in method.parameters())
    assert all(torch.isfinite(loss) for loss in losses.values())


def test_the_log_of_a_resumed_run_tells_one_story(tmp_path):
    log = JsonLines(tmp_path / "log.jsonl", 0)
    for images in (10, 20, 30):
        log.write({"images": images})
    with log.path.open("a") as file:
        file.write('{"images": 4\n')
    with log.path.open("ab") as file:
        file.write(b"\xff\xfe")  # no text
    JsonLines(tmp_path / "log.jsonl", 20).write({"images": 25})
    lines = (tmp_path / "log.jsonl").read_text().splitlines()
    assert [json.loads(line)["images"] for line in lines] == [10, 20, 25]


def test_a_state_survives_a_failed_write(tmp_path):
    path = tmp_path / "state.pt"
    save_state(path, {"value": torch.ones(2)})
    part_of(tmp_path / "state.pt").symlink_to("/dev/full")  # a disk without room
    with pytest.raises(CheckpointError, match="cannot be written"):
        save_state(path, {"value": torch.zeros(2)})
    assert load_state(path)["value"].sum() == 2
    assert [file.name for file in tmp_path.iterdir()] == ["state.pt"]


def test_a_state_with_a_flipped_bit_is_refused(tmp_path):
    """Torch itself looks at no checksum, and would go on with another weight."""
    path = tmp_path / "state.pt"
    save_state(path, {"value": torch.full((1000,), 2.0)})
    content = bytearray(path.read_bytes())
    content[content.index(torch.full((9,), 2.0).numpy().tobytes()) + 3] ^= 1
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=r"not a readable state file: .* is damaged"):
        load_state(path)


@pytest.mark.parametrize("content", [b"", b"nonsense", b"PK\x03\x04", b"hello world" * 99])
def test_a_damaged_state_is_one_line(tmp_path, content):
    path = tmp_path / "state.pt"
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match="not a readable state file") as error:
        load_state(path)
    assert "\n" not in str(error.value)


def test_a_state_of_a_newer_version_is_refused(tmp_path):
    torch.save({"format": 99}, tmp_path / "state.pt")
    with pytest.raises(CheckpointError, match="upgrade"):
        load_state(tmp_path / "state.pt")
