import shutil
import subprocess
import sys

import pytest

from cyclekit.config.resolve import dump
from cyclekit.data.layouts import find_domains
from cyclekit.training.loop import train
from tests.clips import make_clip, scene
from tests.training.test_loop import assert_same_state
from tests.training.worlds import CPU, tiny_config


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    folder = tmp_path_factory.mktemp("films")
    make_clip(folder / "red.mp4", scene(14))
    make_clip(folder / "blue.mp4", [255 - frame for frame in scene(12)])
    return folder


def test_a_run_on_videos_resumes_exactly(tmp_path, films):
    config, roots = tiny_config(), [films / "red.mp4", films / "blue.mp4"]
    train(config, find_domains(roots), tmp_path / "whole", device=CPU)
    train(
        config, find_domains(roots), tmp_path / "parts", device=CPU, stop=lambda p: p.images >= 10
    )
    assert train(config, find_domains(roots), tmp_path / "parts", device=CPU).done
    assert_same_state(tmp_path / "whole", tmp_path / "parts")
    assert not any(path.suffix == ".mp4" for path in (tmp_path / "whole").rglob("*"))


def test_the_command_takes_videos_and_patterns_of_videos(tmp_path, films):
    (tmp_path / "tiny.yaml").write_text(dump(tiny_config(images=4)))
    shutil.copy(films / "blue.mp4", tmp_path / "blue-1.mp4")
    command = [
        sys.executable, "-m", "cyclekit", "train", films / "red.mp4", tmp_path / "blue-*.mp4",
        "-o", tmp_path / "run", "--config", tmp_path / "tiny.yaml",
    ]  # fmt: skip
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    shown = [sys.executable, "-m", "cyclekit", "models", "show", str(tmp_path / "run")]
    told = subprocess.run(shown, capture_output=True, text=True, check=True)
    assert "red-to-blue" in told.stdout
