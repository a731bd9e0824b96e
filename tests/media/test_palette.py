from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from cyclekit.media.encode import FORMATS
from cyclekit.media.images import Metadata, Picture, read, write
from cyclekit.media.palette import indices
from tests.media.test_write import SRGB

COLORS = np.array([[0, 0, 0], [255, 0, 0], [1, 2, 3], [250, 251, 252], [255, 0, 0]], np.uint8)


def drawn(kind: Any = np.uint8, **more: Any) -> Picture:
    """A picture of the palette's colours, the last of which is there twice."""
    places = np.random.default_rng(0).integers(0, 5, (9, 7))
    pixels = COLORS[places].astype(kind) * (np.iinfo(kind).max // 255)
    return Picture(pixels, palette=COLORS, **more)


@given(seed=st.integers(0, 999), count=st.integers(1, 256), height=st.integers(1, 20))
def test_indices_name_the_colours(seed: int, count: int, height: int) -> None:
    draws = np.random.default_rng(seed)
    palette = draws.integers(0, 256, (count, 3)).astype(np.uint8)
    places = draws.integers(0, count, (height, 5))
    found = indices(palette[places], palette)
    assert found is not None
    assert np.array_equal(palette[found], palette[places])
    deep = indices(palette[places].astype(np.uint16) * 257, palette)
    assert np.array_equal(deep, found)


def test_one_other_colour_has_no_index() -> None:
    picture = drawn()
    picture.pixels[3, 4] = (1, 2, 4)
    assert indices(picture.pixels, COLORS) is None
    deep = drawn(np.uint16).pixels
    deep[3, 4] = (0, 0, 1)
    assert indices(deep, COLORS) is None


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_a_png_holds_indices_in_the_palettes_order(tmp_path: Path, kind: Any) -> None:
    picture = drawn(kind)
    assert write(tmp_path / "art.png", picture) == ()
    with Image.open(tmp_path / "art.png") as image:
        assert image.mode == "P"
        assert image.getpalette("RGB")[:15] == COLORS.ravel().tolist()
        assert np.array_equal(COLORS[np.asarray(image)], drawn().pixels)
    assert np.array_equal(read(tmp_path / "art.png").pixels, drawn().pixels)


def test_metadata_stays_beside_indices(tmp_path: Path) -> None:
    told = Metadata(icc=SRGB, dpi=(72.0, 72.0), text={"Title": "art"})
    write(tmp_path / "art.png", drawn(metadata=told))
    back = read(tmp_path / "art.png").metadata
    assert (back.icc, back.text) == (SRGB, {"Title": "art"})


@pytest.mark.parametrize("suffix", sorted({*FORMATS} - {".jpg", ".jpeg", ".jpe", ".jfif"}))
def test_every_format_without_loss_holds_the_exact_colours(tmp_path: Path, suffix: str) -> None:
    assert write(tmp_path / f"art{suffix}", drawn()) == ()
    assert np.array_equal(read(tmp_path / f"art{suffix}").pixels, drawn().pixels)


def test_jpeg_says_that_it_mixes_colours(tmp_path: Path) -> None:
    notes = write(tmp_path / "art.jpg", drawn())
    assert notes == ("JPEG does not keep its 5 colours exact; PNG does",)


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_transparency_stays_and_the_colours_too(tmp_path: Path, kind: Any) -> None:
    alpha = np.arange(63).reshape(9, 7).astype(kind)
    picture = drawn(kind, alpha=alpha)
    assert write(tmp_path / "art.png", picture) == ()
    back = read(tmp_path / "art.png")
    assert np.array_equal(back.pixels, picture.pixels)
    assert np.array_equal(back.alpha, alpha)


def test_a_picture_that_left_its_palette_is_written_as_it_is(tmp_path: Path) -> None:
    picture = drawn()
    picture.pixels[0, 0] = (9, 9, 9)
    write(tmp_path / "art.png", picture)
    assert np.array_equal(read(tmp_path / "art.png").pixels, picture.pixels)
