import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import matplotlib
import numpy as np
import pytest
import torch
from click.testing import CliRunner

from cyclekit.checkpoint.model import ModelInfo, save_model
from cyclekit.cli.evaluate import command
from cyclekit.config.resolve import dump, resolve
from cyclekit.errors import CyclekitError
from cyclekit.models import GENERATORS
from tests.evaluation.worlds import paint, scene
from tests.models.features.published import mobilenet_shapes, randomly
from tests.tiny import tiny_generator, tiny_model, tiny_spec

DATA = Path(__file__).parents[3] / "shared/data"
MOBILENET = DATA / "weights/mobilenet_v2-features.safetensors"
FREE = ("--features", "none")


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """Lay out a small dataset, fakes of two makers, and weights of the default network."""
    root = tmp_path_factory.mktemp("world")
    for folder, first, tint in (("trainA", 0, 0), ("trainB", 50, 60), ("testA", 20, 0),
                                ("testB", 80, 60)):  # fmt: skip
        paint(root / "data" / folder, 4, first=first, tint=tint)
    paint(root / "fake", 4, first=20, tint=50)
    paint(root / "idle", 4, first=20)
    torch.save(randomly(mobilenet_shapes()), root / "mobilenet.pth")
    return root


@pytest.fixture(autouse=True)
def cache(world, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(world / "cache"))
    monkeypatch.setenv("MPLCONFIGDIR", matplotlib.get_cachedir())  # finding fonts takes seconds


def evaluate(*arguments):
    """Run in this process; an error of ours counts as main() would."""
    result = CliRunner().invoke(command, [str(argument) for argument in arguments])
    if isinstance(result.exception, CyclekitError):
        return result.exception.exit_code, "", str(result.exception)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.stdout, result.stderr


def scores(stdout):
    lines = [json.loads(line) for line in stdout.splitlines()]
    return {(line["key"], line["model"]): line for line in lines if line["kind"] == "score"}


def seed_run(folder, seed, data, **settings):
    """Write what a finished run leaves: a model and its settings."""
    generator = tiny_generator()
    with torch.no_grad():
        for parameter in generator.parameters():
            parameter.mul_(1 + 0.2 * seed)
    info = ModelInfo(tiny_spec(GENERATORS, "mobile"), ("A", "B"), ("ab",))
    save_model(folder / "model.safetensors", {"ab": generator}, info)
    tree = {"data": {"roots": [str(data)]}, "train": {"seed": seed, "images": 4, **settings}}
    (folder / "config.yaml").write_text(dump(resolve([tree])), encoding="utf-8")
    return folder


def test_the_command_prints_a_plain_table_and_writes_a_report(world, tmp_path):
    """As a process: stdout holds the table, stderr the rest."""
    arguments = ["--real", "data/testB", "--fake", "fake", "--source", "data/testA",
                 "--features-file", "mobilenet.pth",
                 "-o", str(tmp_path / "out")]  # fmt: skip
    result = subprocess.run(
        [sys.executable, "-m", "cyclekit", "evaluate", *arguments],
        cwd=world, env=os.environ, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    head, *rows = result.stdout.splitlines()
    assert head.split("  ")[0] == "score"
    assert [word for word in head.split("  ") if word][-1].strip() == "JPEG 90"
    assert rows[0].startswith("FD-MobileNetV2~")
    assert "(pil-bicubic-224, 4 vs 4, real: testB)" in rows[0]
    assert any(row.startswith("edge SSIM with the input (4 inputs") for row in rows)
    assert "note: data/testB has 4 pictures: with fewer than 50" in result.stderr
    assert f"report: {tmp_path / 'out/index.html'}" in result.stderr
    assert (tmp_path / "out/plots/scores.svg").is_file()


def test_json_prints_one_finding_a_line_and_how_it_was_found(world):
    code, out, _ = evaluate("--real", world / "data/testB", "--fake", f"mine={world / 'fake'}",
                            "--fake", world / "idle", "--source", world / "data/testA",
                            "--json", "-q", *FREE)  # fmt: skip
    assert code == 0
    found = scores(out)
    assert found["edges", str(world / "idle")]["value"] == pytest.approx(1)
    assert found["edges", "mine"]["value"] < 1
    kinds = [json.loads(line)["kind"] for line in out.splitlines()]
    assert list(dict.fromkeys(kinds)) == ["score", "comparison", "protocol"]
    comparison = json.loads(out.splitlines()[-2])
    assert comparison["models"] == ["mine", str(world / "idle")]
    assert comparison["inputs"] == 4
    assert json.loads(out.splitlines()[-1])["real"]["pictures"] == 4


def test_a_model_translates_the_test_split_there_and_back(world, tmp_path):
    model = tiny_model(tmp_path / "m.safetensors", names=("b", "a"))
    code, out, err = evaluate("-m", model, "--data", world / "data", "--direction", "ba",
                              "-o", tmp_path / "out", "--json", *FREE)  # fmt: skip
    assert code == 0, err
    found = scores(out)
    assert found["cycle", str(model)]["name"] == "cycle PSNR, dB (4 inputs, test split)"
    assert found["edges", str(model)]["name"] == "edge SSIM with the input (4 inputs, test split)"
    protocol = json.loads(out.splitlines()[-1])
    # The model calls its second domain "a": turning "a" into "b" starts at the data's A.
    assert (protocol["source"]["name"], protocol["real"]["name"]) == ("test A", "test B")
    outputs = list((tmp_path / "out/translated").glob("*/output/*.png"))
    assert len(outputs) == 4


def test_side_by_side_pairs_are_measured_as_pairs(tmp_path):
    for split, count in (("train", 3), ("val", 5)):
        (tmp_path / "maps" / split).mkdir(parents=True)
        for n in range(count):
            both = np.concatenate([scene(n), scene(n, tint=30)], axis=1)
            cv2.imwrite(str(tmp_path / "maps" / split / f"{n}.png"), both[..., ::-1])
    model = tiny_model(tmp_path / "m.safetensors")
    code, out, err = evaluate("-m", model, "--data", tmp_path / "maps", "--json", *FREE)
    assert code == 0, err
    rmse = scores(out)["rmse", str(model)]
    assert rmse["name"] == "RMSE, levels (5 pairs of equal names, test split)"
    assert 10 < rmse["do_nothing"] < 30  # the tint
    assert "are these pairs?" not in err


def test_runs_of_one_recipe_get_a_mean_and_know_their_data(world, tmp_path):
    runs = [seed_run(tmp_path / f"run{seed}", seed, world / "data") for seed in (1, 2)]
    other = seed_run(tmp_path / "other", 3, world / "data", batch=2)
    shutil.copy(other / "model.safetensors", other / "best.safetensors")
    code, out, err = evaluate(*runs, other, "--json", "-q", *FREE)
    assert code == 0, err
    models = {model for _, model in scores(out)}
    assert models == {*map(str, runs), f"{other}/best", f"{other}/model"}
    lines = [json.loads(line) for line in out.splitlines()]
    seeds = [line for line in lines if line["kind"] == "seeds"]
    assert {tuple(line["models"]) for line in seeds} == {tuple(map(str, runs))}
    values = [scores(out)["edges", str(run)]["value"] for run in runs]
    (edges,) = (line for line in seeds if line["key"] == "edges")
    assert edges["mean"] == pytest.approx(sum(values) / 2)
    assert edges["deviation"] > 0


def test_broken_pictures_are_named_once_and_make_it_3(world, tmp_path):
    shutil.copytree(world / "fake", tmp_path / "fake")
    (tmp_path / "fake/2.png").write_bytes(b"broken")
    code, out, err = evaluate("--real", world / "data/testB", "--fake", tmp_path / "fake",
                              "--source", world / "data/testA", "--json", *FREE)  # fmt: skip
    assert code == 3
    assert err.count("fake/2.png") == 1
    assert "3 inputs" in scores(out)["edges", str(tmp_path / "fake")]["name"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "expected --real DIR and --fake DIR, or models"),
        (("--real", "data/testB", "-m", "starry-night"), "expected --real DIR and --fake DIR, or"),
        (("--real", "data/testB"), "missing --fake DIR"),
        (("--fake", "fake"), "missing --real DIR"),
        (("--data", "data"), "missing -m MODEL or RUN"),
        (("-m", "starry-night"), "missing --data ROOT"),
        (("--real", "data/testB", "--fake", "fake", "--fake", "fake", *FREE), "'fake' is measured twice"),
        (("--real", "data/testB", "--fake", "fake", "--features", "mobilnet"), "did you mean 'mob"),
        (("--real", "data/testB", "--fake", "fake", "--features", "fid"), "is not installed: `cycl"),
        (("--real", "data/testB", "--fake", "fake", "--features-file", "mobilenet.pth",
          "--features", "vgg", "--features", "fid"), "goes with a single --features"),
        (("--real", "data/testB", "--fake", "fake", "-o", "mobilenet.pth"), "a file; expected a f"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_wrong_usage(world, monkeypatch, arguments, message):
    monkeypatch.chdir(world)
    code, out, err = evaluate(*arguments)
    assert (code, out) == (2, "")
    assert message in err
    assert "\n" not in err.strip()


def test_folders_without_pictures_and_models_of_other_domains_are_refused(world, tmp_path):
    (tmp_path / "empty").mkdir()
    code, _, err = evaluate("--real", tmp_path / "empty", "--fake", world / "fake", *FREE)
    assert (code, "empty: holds 0 pictures" in err) == (1, True)
    code, _, err = evaluate(tmp_path / "empty", "--data", world / "data", *FREE)
    assert (code, "empty: holds no model" in err) == (1, True)
    there = tiny_model(tmp_path / "there.safetensors", directions=("ab",))
    back = tiny_model(tmp_path / "back.safetensors", directions=("ba",))
    code, _, err = evaluate("-m", there, "-m", back, "--data", world / "data", *FREE)
    assert (code, "makes A, " in err and "makes B; measure one direction" in err) == (2, True)


def test_folders_in_each_other_are_refused(world, tmp_path):
    outer = tmp_path / "real"
    paint(outer, 3)
    paint(outer / "fake", 3, first=20)
    for arguments in (("--real", outer, "--fake", outer / "fake"),
                      ("--real", outer / "fake", "--fake", f"me={outer}"),
                      ("--real", world / "fake", "--fake", outer / "fake", "--train", outer)):  # fmt: skip
        code, _, err = evaluate(*arguments, *FREE)
        assert (code, err.startswith(f"{outer / 'fake'} lies in {outer}")) == (2, True)


def test_a_report_is_replaced_only_when_told(world, tmp_path):
    arguments = ("--real", world / "data/testB", "--fake", world / "fake", "--pairs", "names",
                 "-o", tmp_path / "out", *FREE)  # fmt: skip
    assert evaluate(*arguments)[0] == 0
    (tmp_path / "out/index.html").write_text("precious")
    code, _, err = evaluate(*arguments)
    assert (code, "holds a report; replace it with --overwrite" in err) == (2, True)
    assert (tmp_path / "out/index.html").read_text() == "precious"
    assert evaluate(*arguments, "--overwrite")[0] == 0
    assert (tmp_path / "out/index.html").read_text() != "precious"


def test_importing_the_command_loads_no_torch():
    code = "import sys, cyclekit.cli.evaluate; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.data
@pytest.mark.skipif(not MOBILENET.is_file(), reason=f"{MOBILENET} is absent")
def test_real_frames_are_nearer_to_frames_than_photographs_are(tmp_path):
    for name, folder in (("real", "testB"), ("frames", "trainB"), ("photos", "testA")):
        (tmp_path / name).mkdir()
        for path in sorted((DATA / "photo2anime" / folder).iterdir())[:12]:
            shutil.copy(path, tmp_path / name)
    code, out, err = evaluate("--real", tmp_path / "real", "--fake", f"frames={tmp_path / 'frames'}",
                              "--fake", f"photos={tmp_path / 'photos'}", "--json", "-q",
                              "--features-file", MOBILENET)  # fmt: skip
    assert code == 0, err
    found = scores(out)
    for key in ("frechet:mobilenet", "kernel:mobilenet"):
        frames, photos = found[key, "frames"], found[key, "photos"]
        assert photos["value"] > frames["value"] + 3 * photos["error"]
        assert abs(photos["jpeg_90_change"]) < 0.2 * photos["value"]
    assert found["frechet:mobilenet", "photos"]["name"].startswith(
        "FD-MobileNetV2 (pil-bicubic-224, 12 vs 12"
    )
