import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms, TiffImagePlugin

from cyclekit.errors import MediaError
from cyclekit.media import header
from cyclekit.media.images import read, read_rgb, to_8_bits
from cyclekit.media.picture import turned
from tests.media.files import plain_png
from tests.media.odd import COUNT, REFUSED, odd

STORED = np.arange(24, dtype=np.uint8).reshape(2, 4, 3) * 10
# What a viewer shows, by the definition of EXIF tag 274, written out by hand for one channel.
UPRIGHT = {
    1: [[0, 1, 2], [3, 4, 5]],
    2: [[2, 1, 0], [5, 4, 3]],
    3: [[5, 4, 3], [2, 1, 0]],
    4: [[3, 4, 5], [0, 1, 2]],
    5: [[0, 3], [1, 4], [2, 5]],
    6: [[3, 0], [4, 1], [5, 2]],
    7: [[5, 2], [4, 1], [3, 0]],
    8: [[2, 5], [1, 4], [0, 3]],
}


@pytest.mark.parametrize("orientation", UPRIGHT)
def test_every_orientation_is_turned_upright(orientation: int) -> None:
    stored = np.arange(6, dtype=np.uint8).reshape(2, 3)
    assert turned(stored, orientation).tolist() == UPRIGHT[orientation]


@pytest.mark.parametrize("orientation", UPRIGHT)
@pytest.mark.parametrize("suffix", [".png", ".tif", ".webp"])
def test_files_are_read_upright(tmp_path: Path, orientation: int, suffix: str) -> None:
    exif = Image.Exif()
    exif[274] = orientation
    path = tmp_path / f"turned{suffix}"
    options = {"lossless": True} if suffix == ".webp" else {}
    Image.fromarray(STORED).save(path, exif=exif, **options)
    assert np.array_equal(read(path).pixels, turned(STORED, orientation))


@pytest.mark.parametrize("orientation", UPRIGHT)
def test_deep_tiffs_are_read_upright_with_all_bits(tmp_path: Path, orientation: int) -> None:
    stored = np.random.default_rng(0).integers(0, 65536, (5, 7, 3)).astype(np.uint16)
    directory = TiffImagePlugin.ImageFileDirectory_v2()
    tags = {256: 7, 257: 5, 258: (16,) * 3, 259: 1, 262: 2, 273: 0, 274: orientation}
    directory.update({**tags, 277: 3, 278: 5, 279: stored.nbytes})
    path = tmp_path / "deep.tif"
    with path.open("wb") as file:
        directory.save(file)
        file.write(stored.tobytes())
    picture = read(path)
    assert picture.pixels.dtype == np.uint16
    assert np.array_equal(picture.pixels, turned(stored, orientation))


@pytest.mark.parametrize("side", [30_000, 65_500])
def test_a_jpeg_that_claims_to_be_huge_is_refused_unread(tmp_path: Path, side: int) -> None:
    path = tmp_path / "huge.jpg"
    Image.fromarray(STORED).save(path)
    data = bytearray(path.read_bytes())
    frame = data.index(b"\xff\xc0")
    data[frame + 5 : frame + 9] = side.to_bytes(2, "big") * 2
    path.write_bytes(data)
    with pytest.raises(MediaError, match="too large to open safely"):
        read_rgb(path)


def test_sixteen_bits_round_to_the_nearest_of_eight() -> None:
    levels = np.array([0, 128, 129, 65535 - 129, 65535 - 128, 65535], np.uint16)
    assert to_8_bits(levels).tolist() == [0, 0, 1, 254, 255, 255]


def test_transparent_colour_of_a_gray_file_becomes_alpha(tmp_path: Path) -> None:
    path = tmp_path / "keyed.png"
    Image.fromarray(np.array([[7, 9]], np.uint8)).save(path, transparency=9)
    picture = read(path)
    assert picture.gray
    assert picture.alpha is not None
    assert picture.alpha.tolist() == [[255, 0]]


def test_size_is_checked_before_decoding(tmp_path: Path) -> None:
    path = tmp_path / "large.png"
    Image.new("L", (100, 100)).save(path)
    with pytest.raises(MediaError, match=r"100x100 = 0 megapixels, at most 0\.009 are read"):
        read(path, limit=9000)


def test_missing_files_and_folders_are_named(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match=r"none\.png: No such file"):
        read(tmp_path / "none.png")
    with pytest.raises(MediaError, match="Is a directory"):
        read(tmp_path)


def test_floating_point_pixels_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "float.tif"
    Image.fromarray(np.zeros((4, 4), np.float32)).save(path)
    with pytest.raises(MediaError, match="save it as 8 or 16 bits"):
        read(path)


def test_truncated_jpegs_are_refused_by_both_readers(tmp_path: Path) -> None:
    path = tmp_path / "cut.jpg"
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3)).astype(np.uint8)
    Image.fromarray(noise).save(path)
    path.write_bytes(path.read_bytes()[:-500])
    for reader in (read, read_rgb):
        with pytest.raises(MediaError, match="truncated"):
            reader(path)


def test_pipes_and_devices_are_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "device.jpg").symlink_to("/dev/zero")
    for reader in (read, read_rgb):
        for name in ("pipe.jpg", "device.jpg"):
            with pytest.raises(MediaError, match=f"{name}: not a file, but a pipe or a device"):
                reader(tmp_path / name)


def test_formats_that_start_programs_are_not_read(tmp_path: Path) -> None:
    path = tmp_path / "page.png"
    Image.fromarray(STORED).save(path, "EPS")
    with pytest.raises(MediaError, match="EPS is no format that is read; save it as PNG"):
        read(path)


def test_files_too_large_to_copy_are_read_in_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(header, "_COPIED", 0)
    for suffix in (".png", ".tif", ".bmp"):
        path = tmp_path / f"large{suffix}"
        Image.fromarray(STORED).save(path)
        assert np.array_equal(read(path).pixels, STORED)


def test_texts_are_taken_for_nothing_else(tmp_path: Path) -> None:
    names = ["transparency", "dpi", "icc_profile", "xmp"]
    chunks = [(b"tEXt", f"{name}\0 72".encode()) for name in names]
    path = tmp_path / "named.png"
    path.write_bytes(plain_png(STORED, chunks))
    picture = read(path)
    assert np.array_equal(picture.pixels, STORED)
    assert picture.alpha is None
    assert picture.metadata.dpi is picture.metadata.icc is picture.metadata.xmp is None
    assert picture.metadata.text["transparency"] == " 72"


def test_a_profile_of_other_pixels_does_not_cost_the_picture(tmp_path: Path) -> None:
    path = tmp_path / "cmyk.jpg"
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    Image.new("CMYK", (8, 8), (0, 255, 255, 0)).save(path, icc_profile=srgb)
    picture = read(path)
    assert picture.pixels[0, 0].tolist() == [255, 0, 0]
    assert picture.notes == ("CMYK brought to sRGB",)


def test_a_lossless_webp_is_known(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[305] = "cyclekit"
    for lossless in (False, True):
        for more in (
            {},
            {"exif": exif},
            {"save_all": True, "append_images": [Image.new("RGB", (4, 2))]},
        ):
            path = tmp_path / "picture.webp"
            Image.fromarray(STORED).save(path, lossless=lossless, **more)
            assert read(path).lossless == lossless


@pytest.mark.data
def test_every_odd_file_is_read_or_refused_in_one_line() -> None:
    paths = sorted(odd().iterdir())
    refused = {}
    for path in paths:
        if path.name.startswith("large"):
            continue
        try:
            picture = read(path)
        except MediaError as error:
            refused[path.name] = str(error)
            continue
        assert picture.pixels.shape == (picture.height, picture.width, 3)
        assert picture.alpha is None or picture.alpha.shape == picture.pixels.shape[:2]
        assert np.array_equal(read_rgb(path), to_8_bits(picture.pixels)), path.name
    assert len(paths) == COUNT
    assert refused.keys() == REFUSED.keys()
    for name, reason in REFUSED.items():
        assert reason in refused[name]
        assert "\n" not in refused[name]


@pytest.mark.data
@pytest.mark.parametrize("number", range(2, 9))
def test_all_turned_photographs_look_the_same(number: int) -> None:
    first = read(odd("Landscape_1.jpg")).pixels.astype(int)
    other = read(odd(f"Landscape_{number}.jpg")).pixels.astype(int)
    assert np.abs(first - other).mean() < 5  # each was compressed by itself


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "kind", "gray", "alpha", "frames"),
    [
        ("chi.gif", np.uint8, False, True, 31),
        ("g4_orientation_6.tif", np.uint8, True, False, 1),
        ("hopper_16bit.pgm", np.uint16, True, False, 1),
        ("i_trns.png", np.uint16, True, True, 1),
        ("la.tga", np.uint8, True, True, 1),
        ("mode_16bit.png", np.uint16, False, True, 3),
        ("multipage.tiff", np.uint8, False, False, 3),
        ("p_trns_single.png", np.uint8, False, True, 1),
        ("pil_sample_cmyk.jpg", np.uint8, False, False, 1),
        ("tiff_16bit_RGB.tiff", np.uint16, False, False, 1),
    ],
)
def test_kinds_of_pixels_are_recognised(
    name: str, kind: type, gray: bool, alpha: bool, frames: int
) -> None:
    picture = read(odd(name))
    assert picture.pixels.dtype == kind
    assert (picture.gray, picture.alpha is not None, picture.frames) == (gray, alpha, frames)
    assert any("frames or pages" in note for note in picture.notes) == (frames > 1)
    assert ("CMYK brought to sRGB" in picture.notes) == ("cmyk" in name)


@pytest.mark.data
def test_sixteen_bits_reduce_to_the_published_eight() -> None:
    deep = to_8_bits(read(odd("tiff_16bit_RGB.tiff")).pixels).astype(int)
    target = read(odd("tiff_16bit_RGB_target.png")).pixels.astype(int)
    assert np.abs(deep - target).max() <= 1  # the target was cut off, not rounded


@pytest.mark.data
def test_a_decompression_bomb_takes_no_memory() -> None:
    code = f"""
import resource
from pathlib import Path
from cyclekit.media.images import read
read(Path({str(odd("hopper.tif"))!r}))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    read(Path({str(odd("decompression_bomb.gif"))!r}))
except Exception as error:
    print(type(error).__name__, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    name, kilobytes = done.stdout.split()
    assert name == "MediaError"
    assert int(kilobytes) < 5000


@pytest.mark.data
def test_heif_without_its_library_says_what_to_install() -> None:
    code = f"""
import sys
from pathlib import Path
sys.modules["pillow_heif"] = None
from cyclekit.media.images import read
try:
    read(Path({str(odd("samplefilehub.heif"))!r}))
except Exception as error:
    print(type(error).__name__, error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("MediaError")
    assert "pip install 'cyclekit[heif]'" in done.stdout
