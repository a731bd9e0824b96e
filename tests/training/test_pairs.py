"""Runs that learn from pairs, and runs whose pictures have a palette."""

import cv2
import numpy as np
import pytest
import torch

from cyclekit.checkpoint.model import load_model, read_info
from cyclekit.config.resolve import resolve
from cyclekit.data.pairs import find_pairs
from cyclekit.errors import ConfigError
from cyclekit.media.images import read
from cyclekit.training.loop import train
from tests.training.test_loop import assert_same_state
from tests.training.worlds import CPU, TINY, two_folders

PAIRS = {
    "method": {"name": "pix2pix", "direction": "ba"},
    "generator": {"name": "unet", "depth": 2, "width": 8, "norm": "batch_per_picture"},
}
COLORS = ["#102030", "#a0b0c0", "#ff8000"]


def negatives(folder, count=5):
    """Side-by-side pairs: a flat picture and its negative."""
    folder.mkdir()
    draws = np.random.default_rng(0)
    for i in range(count):
        image = np.full((20, 20, 3), draws.integers(0, 256, 3), np.uint8)
        cv2.imwrite(str(folder / f"{i}.png"), np.concatenate([image, 255 - image], axis=1))
    return find_pairs([folder])


def test_resume_continues_exactly(tmp_path):
    domains, config = negatives(tmp_path / "data"), resolve([TINY, PAIRS])
    train(config, domains, tmp_path / "whole", device=CPU)
    train(config, domains, tmp_path / "parts", device=CPU, stop=lambda p: p.images >= 10)
    train(config, domains, tmp_path / "parts", device=CPU)
    assert_same_state(tmp_path / "whole", tmp_path / "parts")


def test_the_model_knows_its_only_direction(tmp_path):
    train(resolve([TINY, PAIRS]), negatives(tmp_path / "data"), tmp_path / "run", device=CPU)
    info = read_info(tmp_path / "run/model.safetensors")
    assert info.directions == ("ba",)
    assert info.abilities() == ("data-right-to-data-left",)


def test_sheets_show_what_it_should_be(tmp_path):
    domains = negatives(tmp_path / "data")
    train(resolve([TINY, PAIRS]), domains, tmp_path / "run", device=CPU)
    sheet = cv2.imread(str(sorted((tmp_path / "run/samples").glob("*.png"))[-1])).astype(int)
    assert sheet.shape == (4 * 20 - 4, 3 * 20 - 4, 3)
    given, made, wanted = (sheet[:, left : left + 16] for left in (0, 20, 40))
    for top in range(0, 80, 20):
        rows = slice(top, top + 16)
        assert (given[rows] + wanted[rows] == 255).all()
        assert (made[rows] != wanted[rows]).any()


def test_pairs_are_learned(tmp_path):
    settings = {"images": 400, "batch": 2, "sample_every": 10**6, "state_every": 10**6}
    recipe = {"optimizer": {"rate": 4e-3}, "train": settings, "data": {"flip": 0.0}}
    domains = negatives(tmp_path / "data", 12)
    train(resolve([TINY, PAIRS, recipe]), domains, tmp_path / "run", device=CPU)
    generator, *_ = load_model(tmp_path / "run/model.safetensors")
    color = torch.tensor([0.5, -0.25, 0.0])[None, :, None, None].expand(1, 3, 16, 16)
    assert (generator(color) + color).abs().mean() < 0.2


def test_label_maps_are_learned(tmp_path):
    """Dark is the first label, bright the second; nothing lies between them."""
    (tmp_path / "data").mkdir()
    for i in range(12):
        level, label = (40 + i, 0) if i % 2 else (215 - i, 255)
        pair = np.full((20, 40, 3), level, np.uint8)
        pair[:, 20:] = label
        cv2.imwrite(str(tmp_path / f"data/{i}.png"), pair)
    labels = {"head": "palette", "colors": ["#000000", "#ffffff"]}
    config = resolve(
        [
            TINY,
            PAIRS,
            {"method": {"direction": "ab"}, "generator": labels},
            {"optimizer": {"rate": 4e-3}, "train": {"images": 200, "state_every": 10**6}},
        ]
    )
    train(config, find_pairs([tmp_path / "data"]), tmp_path / "run", device=CPU)
    generator, *_ = load_model(tmp_path / "run/model.safetensors")
    for level, label in ((-0.6, -1.0), (0.6, 1.0)):
        assert (generator(torch.full((1, 3, 16, 16), level)) == label).all()


@pytest.mark.parametrize("colors", [4, COLORS], ids=["learned", "given"])
def test_one_direction_learns_a_palette(tmp_path, colors):
    palette = {"generator": {"head": "palette", "colors": colors, "direction": "ab"}}
    config = resolve([TINY, palette])
    domains = two_folders(tmp_path)
    train(config, domains, tmp_path / "whole", device=CPU)
    train(config, domains, tmp_path / "parts", device=CPU, stop=lambda p: p.images >= 10)
    train(config, domains, tmp_path / "parts", device=CPU)
    assert_same_state(tmp_path / "whole", tmp_path / "parts")
    model = tmp_path / "whole/model.safetensors"
    assert read_info(model).generator.options["colors"] == colors
    there, back = (load_model(model, way)[0] for way in ("ab", "ba"))
    assert len(there.palette) == (4 if colors == 4 else len(COLORS))
    assert back.palette is None


def test_sheets_show_the_exact_colours(tmp_path):
    palette = {"generator": {"head": "palette", "colors": COLORS, "direction": "ab"}}
    train(resolve([TINY, palette]), two_folders(tmp_path), tmp_path / "run", device=CPU)
    sheet = read(sorted((tmp_path / "run/samples").glob("*.png"))[-1]).pixels
    made = {bytes(pixel).hex() for pixel in sheet[:16, 20:36].reshape(-1, 3)}
    assert made <= {color.removeprefix("#") for color in COLORS}


def test_a_palette_is_part_of_what_is_learned(tmp_path):
    palette = {"generator": {"head": "palette", "colors": 4}}
    domains = two_folders(tmp_path)
    train(resolve([TINY, palette]), domains, tmp_path / "run", device=CPU, stop=lambda _: True)
    other = {"generator": {"head": "palette", "colors": 5}}
    with pytest.raises(ConfigError, match=r"another generator\.colors: 4 -> 5"):
        train(resolve([TINY, other]), domains, tmp_path / "run", device=CPU)
