"""The tools that make a painter's model, its scores and its sheet work on tiny pictures."""

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml
from safetensors.torch import save_file

from cyclekit.checkpoint.model import read_info
from cyclekit.evaluation.pile import pile_of_folder
from cyclekit.hub.model_card import CardScore
from cyclekit.media.folders import list_pictures
from cyclekit.media.images import read_rgb
from tests.models.features.published import mobilenet_shapes, randomly
from tests.tiny import picture, tiny_model

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tools"))

from paintings import EDGE, SCALES, scaled, write_crops, write_scales  # noqa: E402


def tool(name, *arguments):
    command = [sys.executable, ROOT / "tools" / name, *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def desk(tmp_path):
    (tmp_path / "photos").mkdir()
    for number in range(6):
        cv2.imwrite(str(tmp_path / f"photos/{number}.png"), picture(48, 48, seed=number))
    cv2.imwrite(str(tmp_path / "painting.png"), picture(132, 232, seed=9))
    return tmp_path


def test_a_painting_is_cut_and_scaled(desk):
    sizes = [painting.size for painting in scaled(desk / "painting.png")]
    assert sizes == [((232 - 2 * EDGE) * p // 100, (132 - 2 * EDGE) * p // 100) for p in SCALES]
    folder = write_scales(desk / "painting.png", desk / "scales")
    first = folder / "scale-55.png"
    stamp = first.stat().st_mtime_ns
    write_scales(desk / "painting.png", folder)
    assert first.stat().st_mtime_ns == stamp
    assert len(list_pictures(folder)) == 3


def test_another_paintings_scales_are_not_taken(desk):
    cv2.imwrite(str(desk / "other.png"), picture(132, 232, seed=10))
    folder = write_scales(desk / "other.png", desk / "scales", (40, 55))
    (folder / "scale-99.png").write_bytes((desk / "painting.png").read_bytes())  # the user's own
    write_scales(desk / "painting.png", folder)
    names = [f"scale-{percent}.png" for percent in (*SCALES, 99)]
    assert [path.name for path in list_pictures(folder)] == names
    for name, painting in zip(names, scaled(desk / "painting.png"), strict=False):
        assert np.array_equal(read_rgb(folder / name), np.asarray(painting))


def test_crops_of_one_seed_are_equal_and_of_another_are_not(desk):
    folders = [
        write_crops([desk / "painting.png"], desk / str(n), 7, 40, seed)
        for n, seed in enumerate((0, 0, 1))
    ]
    one, same, other = ([read_rgb(path) for path in list_pictures(folder)] for folder in folders)
    assert [crop.shape for crop in one] == [(40, 40, 3)] * 7
    assert all(map(np.array_equal, one, same))
    assert not any(map(np.array_equal, one, other))


def test_a_painting_is_learned_into_one_direction_and_shown(desk):
    small = ["generator.width=8", "generator.blocks=1", "discriminator.width=8", "data.crop=32"]
    settings = [part for setting in (*small, "data.workers=0") for part in ("--set", setting)]
    run = desk / "run"
    told = tool(
        "train_painting.py", desk / "photos", desk / "painting.png", "lilies", f"{run}/",
        "--images", "2", *settings,
    )  # fmt: skip
    model = run / "lilies.safetensors"
    assert told.splitlines()[-1] == str(model)
    info = read_info(model)
    assert (info.names, info.directions) == (("photo", "lilies"), ("ab",))
    assert (desk / "run-scales" / "lilies" / "scale-55.png").is_file()
    assert not (run / "-scales").exists()
    assert info.provenance["config"]["method"]["brightness"] == 3.0
    sheet = desk / "sheet.jpg"
    tool("model_sheet.py", sheet, model, model, "--photos", desk / "photos", "--cell", 20)
    assert read_rgb(sheet).shape == (3 * 24 - 4, 6 * 24 - 4, 3)


def test_scores_come_as_a_card_has_them(desk):
    save_file(randomly(mobilenet_shapes()), desk / "mobilenet.safetensors")
    model = tiny_model(desk / "model.safetensors", directions=("ab",))
    told = tool(
        "score_model.py", model, desk / "photos", desk / "painting.png", "--side", 40,
        "--features-file", desk / "mobilenet.safetensors",
    )  # fmt: skip
    kernel, structure, edges = (CardScore(**row) for row in yaml.safe_load(told)["scores"])
    assert kernel.name.startswith("KD-MobileNetV2")
    assert "40 px crops of painting" in kernel.name
    assert "6 vs 6" in kernel.name
    assert kernel.floor is not None
    assert kernel.floor_deviation > 0
    assert kernel.do_nothing is not None
    assert structure.name.startswith("structure distance")
    assert structure.name.endswith("6 inputs)")
    assert (edges.name[:9], edges.better) == ("edge SSIM", "higher")
    assert (structure.do_nothing, edges.do_nothing) == (0.0, 1.0)
    assert structure.unrelated > 0
    assert edges.unrelated < 0.5  # of noise beside other noise
    assert kernel.unrelated is None


def test_every_picture_gets_another_ones_name(desk):
    from score_model import others_of

    source = pile_of_folder(desk / "photos", "photographs")
    turned = others_of(source)
    assert set(turned.sources) == set(source.sources)
    assert set(turned.sources.values()) == set(source.sources.values())
    assert all(turned.sources[key] != source.sources[key] for key in source.sources)
