from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cyclekit.errors import MediaError, UsageError
from cyclekit.inference.masks import find_masks, stretched
from cyclekit.media.images import Picture, write
from cyclekit.media.picture import turned
from tests.tiny import picture

PLAIN = Picture(picture(6, 8))
GRAY = picture(6, 8)[..., 0]


def save(path: Path, levels: "np.typing.NDArray[np.uint8]" = GRAY) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(levels).save(path)
    return path


def levels_of(path: Path) -> "np.typing.NDArray[np.uint8 | np.uint16]":
    return find_masks(str(path)).of(PLAIN, Path("any.png"))[0]


def test_one_file_is_the_mask_of_all(tmp_path: Path) -> None:
    masks = find_masks(str(save(tmp_path / "m.png")))
    for place in ("a.png", "deep/b.jpg"):
        levels, name = masks.of(PLAIN, Path(place))
        assert np.array_equal(levels, GRAY)
        assert name == f"mask {tmp_path / 'm.png'}"
    assert masks.files == {(tmp_path / "m.png").resolve()}


def test_any_kind_of_picture_is_a_mask(tmp_path: Path) -> None:
    black_and_white = GRAY > 127
    Image.fromarray(black_and_white).save(tmp_path / "1.png")
    assert np.array_equal(levels_of(tmp_path / "1.png"), black_and_white * 255)
    deep = GRAY.astype(np.uint16) * 257
    Image.fromarray(deep).save(tmp_path / "16.png")
    assert np.array_equal(levels_of(tmp_path / "16.png"), deep)
    Image.fromarray(GRAY).convert("P").save(tmp_path / "p.gif")
    assert np.array_equal(levels_of(tmp_path / "p.gif"), GRAY)


def test_a_coloured_mask_counts_by_its_lightness_and_opacity(tmp_path: Path) -> None:
    pixels = np.zeros((1, 4, 4), np.uint8)
    pixels[0] = [[255, 255, 255, 255], [255, 255, 255, 0], [255, 255, 255, 100], [0, 255, 0, 255]]
    save(tmp_path / "m.png", pixels)
    assert levels_of(tmp_path / "m.png").tolist() == [[255, 0, 100, round(0.587 * 255)]]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_turned_mask_is_taken_as_it_is_seen(tmp_path: Path, orientation: int) -> None:
    exif = Image.Exif()
    exif[274] = orientation
    Image.fromarray(GRAY).save(tmp_path / "m.png", exif=exif)
    assert np.array_equal(levels_of(tmp_path / "m.png"), turned(GRAY, orientation))


def test_a_folder_holds_a_mask_for_every_name(tmp_path: Path) -> None:
    other = picture(6, 8, seed=1)[..., 0]
    save(tmp_path / "a.png")
    save(tmp_path / "deep" / "a.tif", other)
    masks = find_masks(str(tmp_path))
    assert np.array_equal(masks.of(PLAIN, Path("a.jpg"))[0], GRAY)
    assert np.array_equal(masks.of(PLAIN, Path("deep/a.webp"))[0], other)
    assert masks.files == {(tmp_path / name).resolve() for name in ("a.png", "deep/a.tif")}
    with pytest.raises(MediaError, match=r"no mask for it: expected .*deep/b with a picture's"):
        masks.of(PLAIN, Path("deep/b.png"))


def test_of_two_masks_of_one_name_the_pictures_own_ending_counts(tmp_path: Path) -> None:
    save(tmp_path / "a.png")
    save(tmp_path / "a.bmp", 255 - GRAY)
    masks = find_masks(str(tmp_path))
    assert np.array_equal(masks.of(PLAIN, Path("a.bmp"))[0], 255 - GRAY)
    with pytest.raises(MediaError, match=r"more than one mask for it: a\.bmp and a\.png; keep one"):
        masks.of(PLAIN, Path("a.jpg"))


def test_a_damaged_mask_costs_its_own_picture_only(tmp_path: Path) -> None:
    save(tmp_path / "a.png")
    (tmp_path / "b.png").write_bytes(b"no picture")
    masks = find_masks(str(tmp_path))
    masks.of(PLAIN, Path("a.png"))
    with pytest.raises(MediaError, match=r"^its mask .*b\.png: not a picture that can be read$"):
        masks.of(PLAIN, Path("b.png"))


def test_alpha_is_the_pictures_own(tmp_path: Path) -> None:
    masks = find_masks("alpha")
    levels, _ = masks.of(Picture(picture(6, 8), GRAY), Path("a.png"))
    assert np.array_equal(levels, GRAY)
    assert masks.files == set()
    with pytest.raises(MediaError, match="it has no alpha channel to take as its mask"):
        masks.of(PLAIN, Path("a.png"))


def test_what_is_no_mask_is_wrong_usage(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.png: no such file or folder; expected a picture"):
        find_masks(str(tmp_path / "none.png"))
    with pytest.raises(UsageError, match="no pictures in this folder"):
        find_masks(str(tmp_path))
    (tmp_path / "m.png").write_bytes(b"no picture")
    with pytest.raises(UsageError, match=r"mask .*m\.png: not a picture that can be read"):
        find_masks(str(tmp_path / "m.png"))


def test_a_mask_of_the_same_shape_is_resized_in_silence() -> None:
    white = np.full((333, 500), 255, np.uint8)
    seen = Picture(np.zeros((667, 1001, 3), np.uint8))
    mask, notes = stretched(white, "mask m", seen, (40, 80))
    assert (mask.shape, mask.min(), notes) == ((80, 40), 255, ())


@pytest.mark.parametrize("size", [(8, 6), (2, 30)])
def test_a_mask_of_another_shape_is_stretched_and_said(size: tuple[int, int]) -> None:
    half = np.repeat(np.uint8([[255, 255, 0, 0]]), 16, axis=0)
    _, (note,) = stretched(half, "mask m", PLAIN, size)
    assert note == "mask m has another shape than the picture (4x16 beside 8x6) and is stretched"


def test_a_mask_that_lets_nothing_through_is_said() -> None:
    for level, effect in ((0, "nothing"), (1, "hardly anything")):
        mask = np.full((6, 8), level, np.uint8)
        _, (note,) = stretched(mask, "mask m", PLAIN, (8, 6))
        assert note == f"mask m is {level} of 255 at its brightest: {effect} is translated"


def test_masks_agree_with_the_writer_of_pictures(tmp_path: Path) -> None:
    write(tmp_path / "m.tif", Picture(np.repeat(GRAY[..., None], 3, axis=2), gray=True))
    assert np.array_equal(levels_of(tmp_path / "m.tif"), GRAY)
