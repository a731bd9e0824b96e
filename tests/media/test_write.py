from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from cyclekit.errors import MediaError
from cyclekit.media.encode import check_writable
from cyclekit.media.images import Metadata, Picture, read, write

RANDOM = np.random.default_rng(0)
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def make(kind: type = np.uint8, gray: bool = False, alpha: bool = False) -> Picture:
    full = np.iinfo(kind).max
    levels = RANDOM.integers(0, full + 1, (9, 7, 1 if gray else 3)).astype(kind)
    opacity = RANDOM.integers(0, full + 1, (9, 7)).astype(kind) if alpha else None
    pixels = np.repeat(levels, 3, axis=2) if gray else levels
    return Picture(pixels, opacity, gray)


@pytest.mark.parametrize("suffix", [".png", ".tif", ".tga"])
@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
@pytest.mark.parametrize("gray", [False, True])
@pytest.mark.parametrize("alpha", [False, True])
def test_lossless_formats_return_what_was_written(
    tmp_path: Path, suffix: str, kind: type, gray: bool, alpha: bool
) -> None:
    if suffix == ".tga" and kind == np.uint16:
        pytest.skip("TGA holds 8 bits")
    picture = make(kind, gray, alpha)
    path = tmp_path / f"picture{suffix}"
    assert write(path, picture) == ()
    back = read(path)
    assert back.pixels.dtype == kind
    assert np.array_equal(back.pixels, picture.pixels)
    if alpha:
        assert np.array_equal(back.alpha, picture.alpha)
    else:
        assert back.alpha is None
    deep_gray_alpha = (suffix, kind, alpha) == (".tif", np.uint16, True)
    assert back.gray == (gray and not deep_gray_alpha)


def test_jpeg_lays_transparency_on_white_and_says_so(tmp_path: Path) -> None:
    pixels = np.zeros((8, 8, 3), np.uint8)
    clear = Picture(pixels, np.zeros((8, 8), np.uint8))
    notes = write(tmp_path / "clear.jpg", clear)
    assert notes == ("transparency laid on white, for JPEG holds none",)
    assert read(tmp_path / "clear.jpg").pixels.min() == 255
    opaque = replace(clear, alpha=np.full((8, 8), 255, np.uint8))
    assert write(tmp_path / "opaque.jpg", opaque) == ()


def test_jpeg_keeps_all_colour_at_quality_95(tmp_path: Path) -> None:
    path = tmp_path / "red.jpg"
    write(path, make())
    with Image.open(path) as image:
        assert [layer[1:3] for layer in image.layer] == [(1, 1)] * 3  # no channel is halved
        assert image.quantization[0][0] == 2  # 16 at quality 50, scaled by 2 * (100 - 95) percent


def test_eight_bit_formats_round_sixteen_and_say_so(tmp_path: Path) -> None:
    deep = make(np.uint16)
    assert write(tmp_path / "deep.bmp", deep) == ("16 bits reduced to 8, all that BMP holds",)
    expected = np.rint(deep.pixels / 257)
    assert np.array_equal(read(tmp_path / "deep.bmp").pixels, expected)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".tif"])
@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_metadata_survives(tmp_path: Path, suffix: str, kind: type) -> None:
    exif = Image.Exif()
    exif[305] = "cyclekit"
    exif.get_ifd(34665)[36867] = "2024:01:02 03:04:05"
    told = Metadata(exif.tobytes(), SRGB, (300.0, 300.0), b"<x:xmpmeta/>", {"Title": "Ünder"})
    path = tmp_path / f"told{suffix}"
    write(path, replace(make(kind), metadata=told))
    kept = read(path).metadata
    assert kept.icc == SRGB
    assert kept.xmp == told.xmp
    back = Image.Exif()
    back.load(kept.exif or b"")
    assert back[305] == "cyclekit"
    assert back.get_ifd(34665)[36867] == "2024:01:02 03:04:05"
    if suffix != ".webp":
        assert kept.dpi == pytest.approx((300, 300), abs=0.5)
    if suffix == ".png":
        assert kept.text == {"Title": "Ünder"}


def test_orientation_is_reset_in_every_place(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[274] = 6
    xmp = b'<x:xmpmeta><rdf:Description tiff:Orientation="6"/></x:xmpmeta>'
    source, target = tmp_path / "a.jpg", tmp_path / "b.jpg"
    Image.new("RGB", (8, 4)).save(source, exif=exif, xmp=xmp)
    write(target, read(source))
    with Image.open(target) as image:
        assert image.size == (4, 8)
        assert image.getexif().get(274, 1) == 1
        assert b"Orientation" not in image.info["xmp"]


def test_a_gray_profile_is_dropped_when_colour_comes_in(tmp_path: Path) -> None:
    gray_profile = SRGB[:16] + b"GRAY" + SRGB[20:]
    told = replace(make(), metadata=Metadata(icc=gray_profile))
    write(tmp_path / "color.png", told)
    assert read(tmp_path / "color.png").metadata.icc is None


def test_what_a_format_cannot_hold_is_said(tmp_path: Path) -> None:
    long = b"Exif\0\0II*\0" + bytes(70_000)
    told = Metadata(long, SRGB, None, b"<x:xmpmeta/>", {"Title": "t", "Comment": "c"})
    said = {
        ".jpg": ("JPEG has no room for its EXIF, text",),
        ".bmp": ("BMP has no room for its EXIF, colour profile, XMP, text",),
    }
    for suffix, notes in said.items():
        assert write(tmp_path / f"a{suffix}", replace(make(), metadata=told)) == notes
    assert read(tmp_path / "a.jpg").metadata.text == {"Comment": "c"}
    gray = replace(make(gray=True), metadata=Metadata(icc=SRGB))
    assert write(tmp_path / "a.png", gray) == ("its colour profile is not one of gray",)


def test_what_no_encoder_could_write_is_refused_by_its_size(tmp_path: Path) -> None:
    for name, side in (("a.webp", 16_384), ("a.jpg", 65_501), ("a.tga", 65_536)):
        with pytest.raises(MediaError, match=f"holds at most {side - 1} pixels a side"):
            check_writable(tmp_path / name, 1, side)
        assert check_writable(tmp_path / name, side - 1, 1)


def test_a_lossless_webp_stays_one(tmp_path: Path) -> None:
    picture = replace(make(alpha=True), lossless=True)
    write(tmp_path / "exact.webp", picture)
    back = read(tmp_path / "exact.webp")
    assert back.lossless
    assert np.array_equal(back.pixels, picture.pixels)
    assert np.array_equal(back.alpha, picture.alpha)


def test_damaged_metadata_does_not_cost_the_picture(tmp_path: Path) -> None:
    damaged = Metadata(
        text={"": "a keyword must not be empty" * 9, "x" * 200: "nor long"}, dpi=(0, 1e30)
    )
    picture = replace(make(), metadata=damaged)
    notes = write(tmp_path / "kept.png", picture)
    assert notes == ("metadata could not be kept",)
    assert np.array_equal(read(tmp_path / "kept.png").pixels, picture.pixels)


def test_a_failure_leaves_nothing_behind(tmp_path: Path) -> None:
    wide = Picture(np.zeros((1, 70000, 3), np.uint8))
    for name in ("wide.jpg", "wide.webp"):
        with pytest.raises(MediaError, match=f"{name}: cannot be written"):
            write(tmp_path / name, wide)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(MediaError, match="cannot be written"):
        write(tmp_path / "file" / "x.png", make())


def test_unknown_endings_are_refused(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match=r"cannot write '.gif'; expected one of: .png"):
        write(tmp_path / "x.gif", make())
