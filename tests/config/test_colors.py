from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from cyclekit.config.colors import read_colors, with_colors
from cyclekit.errors import ConfigError
from tests.tiny import picture

THREE = ["#0a0b0c", "#fefdfc", "#102030"]
LEVELS = np.array([[10, 11, 12], [254, 253, 252], [16, 32, 48]], np.uint8)


def indexed(path: Path) -> str:
    image = Image.fromarray(np.array([[0, 2], [2, 0]], np.uint8))
    image.putpalette(LEVELS.tobytes())
    image.save(path)
    return str(path)


def settled(colors: Any) -> Any:
    return with_colors({"generator": {"name": "mobile", "colors": colors}})["generator"]["colors"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.hex", "0a0b0c\nfefdfc\n102030\n"),
        ("a.txt", "; a palette\n#0A0B0C\n#fefdfc\n\n#102030"),
        ("a.gpl", "GIMP Palette\nName: three\n#\n 10  11  12\tnight\n254 253 252 day\n16 32 48"),
    ],
)
def test_lists_are_read_in_their_order(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    assert read_colors(str(tmp_path / name)) == THREE


def test_an_indexed_picture_keeps_its_order_up_to_the_last_that_is_used(tmp_path):
    assert read_colors(indexed(tmp_path / "art.png")) == THREE


def test_another_picture_gives_its_colours_from_dark_to_light(tmp_path):
    Image.fromarray(LEVELS[[[1, 0], [2, 1]]]).save(tmp_path / "art.png")
    assert read_colors(str(tmp_path / "art.png")) == ["#0a0b0c", "#102030", "#fefdfc"]


def test_a_photograph_is_reduced_to_the_colours_that_serve_it_best(tmp_path):
    draws = np.random.default_rng(0)
    places = draws.integers(0, 3, (40, 40))
    noisy = np.clip(LEVELS[places] + draws.integers(-3, 4, (40, 40, 3)), 0, 255)
    Image.fromarray(noisy.astype(np.uint8)).save(tmp_path / "photo.png")
    found = read_colors(f"{tmp_path / 'photo.png'}:3")
    made = np.array([list(bytes.fromhex(color[1:])) for color in found])
    assert np.abs(made - LEVELS[[0, 2, 1]]).max() <= 3


def test_settings_name_files_and_headers_hold_colours(tmp_path):
    assert settled(indexed(tmp_path / "art.png")) == THREE


@pytest.mark.parametrize("colors", [8, "1a1c2c,#f4f4f4", "1a1c2c", THREE, None])
def test_what_is_no_file_stays(colors):
    assert settled(colors) == colors


def test_settings_without_colours_stay():
    tree = {"generator": {"name": "mobile"}, "data": {"crop": 16}}
    assert with_colors(tree) == tree
    assert with_colors({}) == {}


def test_what_cannot_be_a_palette_is_refused(tmp_path):
    (tmp_path / "one.hex").write_text("000000\n")
    (tmp_path / "bad.hex").write_bytes(b"\xff\xfe\xfd")
    (tmp_path / "bad.png").write_bytes(b"not a picture")
    Image.fromarray(picture(40, 40)).save(tmp_path / "photo.png")
    for source, message in {
        "nowhere.hex": "no file 'nowhere.hex'; expected a number, colours such as",
        tmp_path / "one.hex": "has 1 colours, expected 2 to 256",
        tmp_path / "bad.hex": "not a readable text",
        tmp_path / "bad.png": "not a picture that can be read",
        tmp_path / "photo.png": "has more than 256 colours; '.*:16' takes the 16",
        f"{tmp_path / 'photo.png'}:1": "expected 2 to 256 colours",
    }.items():
        with pytest.raises(ConfigError, match=message):
            read_colors(str(source))
