import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import torch

from cyclekit.checkpoint.model import load_model, read_info
from cyclekit.checkpoint.state import load_state, save_state
from cyclekit.cli.training_report import Interruption
from cyclekit.config.resolve import dump, resolve
from cyclekit.errors import CheckpointError, ConfigError, DataError, TrainingError
from cyclekit.training.learner import build_learner
from cyclekit.training.loop import train
from tests.training.worlds import CPU, TINY, Notes, tiny_config, two_folders


def flat(tree, prefix=""):
    """Name every tensor and value of a nested state."""
    if isinstance(tree, dict):
        items = tree.items()
    elif isinstance(tree, list | tuple):
        items = enumerate(tree)
    else:
        return {prefix: tree}
    return {k: v for key, value in items for k, v in flat(value, f"{prefix}/{key}").items()}


def assert_same_state(first: Path, second: Path, tensors: int = 50) -> None:
    one, two = (flat(load_state(folder / "state.pt")) for folder in (first, second))
    assert one.keys() == two.keys()
    assert sum(isinstance(value, torch.Tensor) for value in one.values()) > tensors
    for name, value in one.items():
        if isinstance(value, torch.Tensor):
            assert torch.equal(value, two[name]), name
        elif not name.endswith("/seconds"):
            assert value == two[name], name


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("images", [10, 20], ids=["at the full rate", "as the rate falls"])
def test_resume_continues_exactly(tmp_path, precision, images):
    domains, config = two_folders(tmp_path), tiny_config(precision=precision)
    train(config, domains, tmp_path / "whole", device=CPU)
    part = train(config, domains, tmp_path / "parts", device=CPU, stop=lambda p: p.images >= images)
    assert part.images == images
    whole = train(config, domains, tmp_path / "parts", device=CPU)
    assert whole.images == 24
    assert_same_state(tmp_path / "whole", tmp_path / "parts")
    assert told(tmp_path / "whole") == told(tmp_path / "parts")


def told(folder: Path) -> list[dict[str, object]]:
    """Return the log of a run without what a clock says."""
    lines = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    clock = ("seconds", "images_per_second")
    return [{key: x for key, x in line.items() if key not in clock} for line in lines]


def test_a_run_explains_itself(tmp_path):
    train(tiny_config(), two_folders(tmp_path), tmp_path / "run", device=CPU)
    names = sorted(path.name for path in (tmp_path / "run").iterdir())
    files = ["config.yaml", "log.jsonl", "model.safetensors", "samples", "state.pt"]
    assert names == [*files, "training.html"]
    assert len(list((tmp_path / "run/samples").glob("*.png"))) == 2
    lines = [json.loads(line) for line in (tmp_path / "run/log.jsonl").read_text().splitlines()]
    assert [line["images"] for line in lines] == [4, 8, 12, 16, 20, 24]
    assert lines[-1]["rate_generators"] < lines[0]["rate_generators"]
    assert (tmp_path / "run/config.yaml").read_text() == dump(tiny_config())


def test_the_model_is_the_average_and_knows_its_names(tmp_path):
    train(tiny_config(), two_folders(tmp_path), tmp_path / "run", device=CPU)
    info = read_info(tmp_path / "run/model.safetensors")
    assert info.names == ("red", "blue")
    assert info.provenance["images"] == 24
    assert str(tmp_path) not in json.dumps(info.provenance)
    generator, _, direction = load_model(tmp_path / "run/model.safetensors", "blue")
    assert direction == "ab"
    average = load_state(tmp_path / "run/state.pt")["average"]["ab"]
    for name, tensor in generator.state_dict().items():
        assert torch.equal(tensor, average[name])


def test_a_changed_setting_is_refused_by_name(tmp_path):
    domains = two_folders(tmp_path)
    train(tiny_config(), domains, tmp_path / "run", device=CPU, stop=lambda _: True)
    with pytest.raises(ConfigError, match=r"another optimizer|another train\.batch: 2 -> 4"):
        train(tiny_config(batch=4), domains, tmp_path / "run", device=CPU)


def test_settings_that_change_nothing_learned_may_change(tmp_path):
    domains = two_folders(tmp_path)
    train(tiny_config(), domains, tmp_path / "run", device=CPU, stop=lambda _: True)
    done = train(tiny_config(state_every=3, log_every=2), domains, tmp_path / "run", device=CPU)
    assert done.done


def test_added_pictures_are_refused_on_resume(tmp_path):
    train(tiny_config(), two_folders(tmp_path), tmp_path / "run", device=CPU, stop=lambda _: True)
    with pytest.raises(ConfigError, match=r"started with \[5, 5\] pictures"):
        train(tiny_config(), two_folders(tmp_path, 6), tmp_path / "run", device=CPU)


def test_a_folder_of_something_else_is_refused(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run/diary.txt").write_text("dear diary")
    with pytest.raises(ConfigError, match="not empty and not a run"):
        train(tiny_config(), two_folders(tmp_path), tmp_path / "run", device=CPU)


def test_an_exploding_loss_stops_and_keeps_the_last_good_model(tmp_path):
    domains = two_folders(tmp_path)
    train(tiny_config(), domains, tmp_path / "run", device=CPU, stop=lambda p: p.images >= 8)
    model, state = ((tmp_path / "run" / name) for name in ("model.safetensors", "state.pt"))
    before = model.read_bytes(), state.read_bytes()
    poisoned = load_state(state)
    for tensor in poisoned["method"].values():
        if isinstance(tensor, torch.Tensor):
            tensor.fill_(float("nan"))
    save_state(state, poisoned)
    with pytest.raises(TrainingError, match=r"is nan after \d+ images; the last good model"):
        train(tiny_config(), domains, tmp_path / "run", device=CPU)
    assert model.read_bytes() == before[0]


def test_a_loss_over_the_limit_is_named(tmp_path):
    with pytest.raises(TrainingError, match=r"over train\.loss_limit=0\.001"):
        train(tiny_config(loss_limit=0.001), two_folders(tmp_path), tmp_path / "r", device=CPU)


def test_wrecked_weights_are_not_saved(tmp_path):
    config = resolve([TINY, {"train": {"state_every": 2}, "optimizer": {"rate": 1e30}}])
    with pytest.raises(TrainingError, match=r"weight '.*' reached|is nan"):
        train(config, two_folders(tmp_path), tmp_path / "run", device=CPU)
    assert not (tmp_path / "run/model.safetensors").exists()


def test_a_trained_model_is_not_replaced_by_a_new_run(tmp_path):
    domains = two_folders(tmp_path)
    train(tiny_config(images=4), domains, tmp_path / "run", device=CPU)
    (tmp_path / "run/state.pt").unlink()
    with pytest.raises(ConfigError, match="holds a model but no state"):
        train(tiny_config(images=4), domains, tmp_path / "run", device=CPU)


@pytest.mark.parametrize(
    ("section", "settings", "message"),
    [
        ("data", {"crop": 30}, "data.crop must be a multiple of 4 for generator 'mobile', got 30"),
        (
            "generator",
            {"in_channels": 4},
            "in_channels is not set here, for pictures have 3, got 4; leave it out",
        ),
        (
            "discriminator",
            {"layers": 5},
            "data.crop=16 is too small for generator 'mobile' and discriminator 'patch'; 128 would do",
        ),
        ("data", {"crop": 10**5}, "data.crop must be at most 16384 px, got 100000"),
        ("data", {"load": 10**5}, "data.load must be at most 16384 px, got 100000"),
        (
            "data",
            {"zoom": 1e9},
            "data.zoom times data.crop must be at most 16384 px, got 16000000000",
        ),
        ("generator", {"blocks": -1}, "blocks must be at least 0, got -1"),
        ("method", {"pool": -1}, "pool must be at least 0, got -1"),
    ],
)
def test_settings_that_do_not_fit_are_refused_before_the_run(tmp_path, section, settings, message):
    config = resolve([TINY, {section: settings}])
    with pytest.raises(ConfigError, match=re.escape(message)):
        train(config, two_folders(tmp_path), tmp_path / "run", device=CPU)
    assert not (tmp_path / "run").exists()


def test_a_run_that_cannot_be_a_folder_is_one_line(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(TrainingError, match="cannot be a run's folder"):
        train(tiny_config(), two_folders(tmp_path), tmp_path / "file/run", device=CPU)


def test_one_picture_is_no_domain(tmp_path):
    with pytest.raises(DataError, match="has 1 usable pictures, needs at least 2"):
        train(tiny_config(), two_folders(tmp_path, 1), tmp_path / "run", device=CPU)
    assert not (tmp_path / "run").exists()


def test_broken_pictures_are_named_once(tmp_path):
    domains, notes = two_folders(tmp_path), Notes()
    (tmp_path / "red/4.png").write_bytes(b"x")
    train(tiny_config(), domains, tmp_path / "run", device=CPU, listener=notes)
    assert len([line for line in notes.lines if "4.png" in line]) == 1


def test_epochs_are_passes_over_the_larger_domain(tmp_path):
    config = tiny_config(images=None, epochs=2)
    assert train(config, two_folders(tmp_path), tmp_path / "run", device=CPU).images == 10


def test_minutes_become_images(tmp_path):
    config = tiny_config(images=None, minutes=0.02)
    progress = train(config, two_folders(tmp_path), tmp_path / "run", device=CPU)
    assert progress.done
    assert progress.total == progress.images


def test_first_weights_depend_on_the_seed_only():
    one, two, other = (build_learner(tiny_config(seed=seed), CPU).method for seed in (1, 1, 2))
    first, second, third = (net.state_dict() for net in (one, two, other))
    name = next(name for name in first if name.endswith("weight"))
    assert torch.equal(first[name], second[name])
    assert not torch.equal(first[name], third[name])


COMMAND = [sys.executable, "-m", "cyclekit", "train"]


def run_command(tmp_path, run, *more):
    two_folders(tmp_path)
    (tmp_path / "tiny.yaml").write_text(dump(tiny_config(images=2000, state_every=20)))
    return [
        *COMMAND, str(tmp_path / "red"), str(tmp_path / "blue"), "-o", str(tmp_path / run),
        "--config", str(tmp_path / "tiny.yaml"), *more,
    ]  # fmt: skip


def wait_for(path: Path, seconds: float = 300) -> None:
    end = time.monotonic() + seconds
    while not path.exists():
        assert time.monotonic() < end, f"{path} did not appear"
        time.sleep(0.05)


def test_ctrl_c_saves_and_the_same_command_goes_on(tmp_path):
    command = run_command(tmp_path, "run")
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        wait_for(tmp_path / "run/state.pt")
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=300)
    assert process.returncode == 130, errors
    assert "Traceback" not in errors
    reached = load_state(tmp_path / "run/state.pt")["progress"]["images"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as again:
        assert f"going on at {reached} images" in again.stderr.readline()
        again.kill()


@pytest.mark.skipif(sys.platform == "win32", reason="sends a signal to a group of processes")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_to_all_processes_lets_the_run_save_and_end_them(tmp_path, number, code):
    """A terminal's Ctrl-C, or a `kill` of each: the last step still needs the loader's."""
    command = run_command(tmp_path, "run", "--set", "data.workers=2")
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        wait_for(tmp_path / "run/state.pt")
        workers = loaders_of(process.pid)
        before = (tmp_path / "run/state.pt").stat().st_mtime_ns
        if number == signal.SIGINT:
            os.killpg(process.pid, number)
        else:
            for one in (*workers, process):
                one.send_signal(number)
        _, errors = process.communicate(timeout=300)
    assert process.returncode == code, errors
    assert "Traceback" not in errors
    assert (tmp_path / "run/state.pt").stat().st_mtime_ns > before
    assert len(workers) == 2
    assert psutil.wait_procs(workers, timeout=60)[1] == []


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_the_loaders_processes_end_with_a_run_that_is_killed(tmp_path):
    command = run_command(tmp_path, "run", "--set", "data.workers=1")
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        wait_for(tmp_path / "run/state.pt")
        workers = loaders_of(process.pid)
        process.kill()
    assert workers
    assert psutil.wait_procs(workers, timeout=60)[1] == []


def loaders_of(process: int) -> list[psutil.Process]:
    """Return the processes that load pictures for a run."""
    children = psutil.Process(process).children(recursive=True)
    return [one for one in children if "multiprocessing.spawn" in " ".join(one.cmdline())]


def test_one_ctrl_c_that_comes_twice_is_one_wish(capsys):
    """From the terminal, and from torchrun."""
    with Interruption() as interruption:
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        assert interruption.asked
        interruption.TWICE = 0.0
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert capsys.readouterr().err.count("saving after this step") == 1


def test_a_second_process_is_refused_in_the_same_folder(tmp_path):
    domains, config = two_folders(tmp_path), tiny_config(images=2000)
    second = run_command(tmp_path, "run")
    errors = []

    def stop(progress):
        result = subprocess.run(second, capture_output=True, text=True, check=False)
        errors.append((result.returncode, result.stderr.strip()))
        return True

    train(config, domains, tmp_path / "run", device=CPU, stop=stop)
    ((code, error),) = errors
    assert code == 1
    assert error.endswith("another process trains here; wait for it, or give another folder")
    train(tiny_config(images=4), domains, tmp_path / "other", device=CPU)  # nobody holds another


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("config", None), ("config", 5), ("pictures", None), ("progress", None), ("method", {}),
        ("optimizers", {}), ("average", {"ab": {}}), ("means", 5), ("health", []),
        ("remedies", {"nonsense": 1}), ("selection", 5),
    ],
)  # fmt: skip
def test_a_state_that_is_not_this_runs_is_one_line(tmp_path, part, value):
    domains = two_folders(tmp_path)
    train(tiny_config(), domains, tmp_path / "run", device=CPU, stop=lambda _: True)
    path = tmp_path / "run/state.pt"
    state = {key: kept for key, kept in load_state(path).items() if key != part}
    save_state(path, state if value is None else {**state, part: value})
    before = path.read_bytes()
    with pytest.raises(CheckpointError, match=rf"state\.pt: .*({part}|fit the run's)") as error:
        train(tiny_config(), domains, tmp_path / "run", device=CPU)
    assert "\n" not in str(error.value)
    assert path.read_bytes() == before


def test_kill_at_any_moment_leaves_a_run_that_goes_on_exactly(tmp_path):
    command = run_command(tmp_path, "killed", "--images", "60")
    log = tmp_path / "killed/log.jsonl"
    for reached in (20, 44):  # the second time, the rate is falling
        with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
            wait_for(tmp_path / "killed/state.pt")
            while not log.exists() or log.read_text().count("\n") < reached // 4:
                assert process.poll() is None
                time.sleep(0.02)
            process.kill()
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0
    whole = run_command(tmp_path, "whole", "--images", "60")
    result = subprocess.run(whole, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip() == str(tmp_path / "whole/model.safetensors")
    assert_same_state(tmp_path / "whole", tmp_path / "killed")


def test_two_processes_equal_one_on_the_whole_batch(tmp_path):
    config = tiny_config(images=8, batch=2)
    domains = two_folders(tmp_path)
    train(config, domains, tmp_path / "one", device=CPU)
    (tmp_path / "tiny.yaml").write_text(dump(config))
    command = [
        sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2",
        "-m", "cyclekit", "train", str(tmp_path / "red"), str(tmp_path / "blue"),
        "-o", str(tmp_path / "two"), "--config", str(tmp_path / "tiny.yaml"), "-q",
    ]  # fmt: skip
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    assert result.returncode == 0, result.stderr
    one, two = (flat(load_state(tmp_path / name / "state.pt")) for name in ("one", "two"))
    for name, value in one.items():
        if isinstance(value, torch.Tensor) and "/optimizers" not in name:
            torch.testing.assert_close(two[name], value, rtol=1e-3, atol=2e-5, msg=name)


def test_a_batch_that_processes_cannot_share_is_refused():
    from cyclekit.training.distributed import Team, require_even_shares

    with pytest.raises(ConfigError, match="must be a multiple of 2 processes, got 3"):
        require_even_shares(3, Team(0, 2))
