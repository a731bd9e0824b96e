"""Runs that learn from clips: predict and recycle."""

import subprocess
import sys

import pytest
from PIL import Image

from cyclekit.checkpoint.model import load_model, read_info
from cyclekit.config.resolve import resolve
from cyclekit.data.kinds import KINDS
from cyclekit.errors import UsageError
from cyclekit.hub.open import open_generator
from cyclekit.methods.base import data_kind
from cyclekit.models.predictor import Predictor
from cyclekit.training.loop import train
from tests.clips import make_clip, scene
from tests.training.test_loop import assert_same_state
from tests.training.worlds import CPU, TINY

GAMES = {
    "predict": {
        "method": {"name": "predict"},
        "generator": {"name": "predictor", "width": 8, "depth": 2},
    },
    "recycle": {
        "method": {"name": "recycle", "predictor_width": 8, "predictor_depth": 2, "pool": 3},
        "data": {"spacing": 2},
    },
}


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    folder = tmp_path_factory.mktemp("films")
    make_clip(folder / "red.mp4", scene(14))
    make_clip(folder / "blue.mp4", [255 - frame for frame in scene(12)])
    return folder


def found(config, films):
    roots = (films / "red.mp4", films / "blue.mp4")
    data = config.data.model_copy(update={"roots": roots})
    return KINDS[data_kind(config.method.name)].find_in(data)


@pytest.mark.parametrize("name", GAMES)
def test_a_run_on_clips_resumes_exactly(tmp_path, films, name):
    config = resolve([TINY, GAMES[name], {"train": {"images": 12}}])
    domains = found(config, films)
    train(config, domains, tmp_path / "whole", device=CPU)
    train(config, domains, tmp_path / "parts", device=CPU, stop=lambda p: p.images >= 6)
    assert train(config, found(config, films), tmp_path / "parts", device=CPU).done
    assert_same_state(tmp_path / "whole", tmp_path / "parts")
    (sheet,) = (tmp_path / "whole/samples").glob("*.png")
    with Image.open(sheet) as shown:
        assert shown.width > 48


def test_a_predictor_says_what_it_is_and_translates_nothing(tmp_path, films):
    config = resolve([TINY, GAMES["predict"], {"train": {"images": 2}}])
    train(config, found(config, films), tmp_path / "run", device=CPU)
    path = tmp_path / "run/model.safetensors"
    info = read_info(path)
    assert (info.kind, info.directions, info.names) == ("predictor", ("next",), ("red",))
    assert isinstance(load_model(path)[0], Predictor)
    with pytest.raises(UsageError, match="predicts the next frame of videos"):
        open_generator(path)
    command = [sys.executable, "-m", "cyclekit", "models", "show", str(path)]
    shown = subprocess.run(command, capture_output=True, text=True, check=False)
    assert shown.returncode == 0, shown.stderr
    assert "next-frame-of-red" in shown.stdout
