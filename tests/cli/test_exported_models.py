"""Every command that takes a model takes an ONNX file, and does the same with it."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

from cyclekit.cli.evaluate import command as evaluate
from cyclekit.cli.export import command as export
from cyclekit.cli.live import command as live
from cyclekit.cli.video import command as video
from tests.clips import frames_of, largest_difference, make_clip
from tests.evaluation.worlds import paint
from tests.tiny import tiny_model


def run(command, *arguments):
    result = CliRunner().invoke(command, [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.output or result.exception
    return result


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """Give a model and the same as an ONNX file."""
    folder = tmp_path_factory.mktemp("models")
    model = tiny_model(folder / "model.safetensors", directions=("ab",))
    run(export, model, "-o", folder / "model.onnx")
    return model, folder / "model.onnx"


def test_a_video_is_the_same(models, tmp_path):
    clip, made = make_clip(tmp_path / "clip.mp4"), []
    for model in models:
        made.append(tmp_path / f"{model.suffix}.mkv")
        words = ("--codec", "ffv1", "--precision", "fp32", "--device", "cpu", "--steady", "off")
        told = run(video, clip, made[-1], "-m", model, *words)
        assert "horse to zebra" in told.stderr
    assert largest_difference(*map(frames_of, made)) <= 2
    assert largest_difference(frames_of(clip), frames_of(made[0])) > 20


def test_a_steady_video_keeps_its_frames(models, tmp_path):
    clip, made = make_clip(tmp_path / "clip.mp4"), tmp_path / "made.mp4"
    run(video, clip, made, "-m", models[1])
    assert len(frames_of(made)) == len(frames_of(clip))


def test_scores_are_the_same(models, tmp_path):
    for folder, first, tint in (("trainA", 0, 0), ("trainB", 9, 60), ("testA", 20, 0),
                                ("testB", 80, 60)):  # fmt: skip
        paint(tmp_path / folder, 3, first=first, tint=tint)
    found = []
    for model in models:
        told = run(
            evaluate, "-m", model, "--data", tmp_path, "--features", "none", "--json",
            *("-o", tmp_path / f"scores{model.suffix}", "--precision", "fp32"),
        )  # fmt: skip
        lines = [json.loads(line) for line in told.stdout.splitlines()]
        found.append({one["key"]: one["value"] for one in lines if one["kind"] == "score"})
    assert found[0].keys() == found[1].keys() >= {"edges"}
    assert np.allclose(list(found[0].values()), list(found[1].values()), rtol=0.01)


def test_what_happens_now_is_translated(models, tmp_path):
    clip = make_clip(tmp_path / "clip.mp4")
    told = run(live, clip, "-m", models[1], "--once", "--port", "0")
    assert told.stdout.startswith("http://127.0.0.1:")
    assert "model.onnx" in told.stderr
    assert "horse to zebra" in told.stderr
