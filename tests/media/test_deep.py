import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest

from cyclekit.errors import MediaError
from cyclekit.media.images import read
from tests.media.drawn import stored
from tests.media.files import plain_png, plain_ppm, plain_tiff


@pytest.mark.parametrize("order", ["II", "MM"])
@pytest.mark.parametrize("mode", ["RGB16", "RGBA16"])
def test_both_bytes_are_read_in_either_order(tmp_path: Path, order: str, mode: str) -> None:
    levels = stored(mode, 5, 7)
    (tmp_path / "deep.tif").write_bytes(plain_tiff(levels, {}, order))
    picture = read(tmp_path / "deep.tif")
    assert np.array_equal(picture.pixels, levels[..., :3])
    if mode == "RGBA16":
        assert np.array_equal(picture.alpha, levels[..., 3])


def test_sixteen_bit_gray_with_alpha_is_read_exactly(tmp_path: Path) -> None:
    levels = stored("LA16", 5, 7)
    (tmp_path / "deep.png").write_bytes(plain_png(levels))
    picture = read(tmp_path / "deep.png")
    assert picture.gray
    assert np.array_equal(picture.pixels, np.repeat(levels[..., :1], 3, axis=2))
    assert np.array_equal(picture.alpha, levels[..., 1])


def test_a_transparent_colour_of_sixteen_bits_is_that_colour_alone(tmp_path: Path) -> None:
    levels = np.full((2, 2, 3), 300, np.uint16)
    levels[0, 0] = 301  # the same in its upper byte
    key = np.array([300, 300, 300], ">u2").tobytes()
    (tmp_path / "keyed.png").write_bytes(plain_png(levels, [(b"tRNS", key)]))
    picture = read(tmp_path / "keyed.png")
    assert np.array_equal(picture.pixels, levels)
    assert picture.alpha is not None
    assert picture.alpha.tolist() == [[65535, 0], [0, 0]]


def test_alpha_that_is_multiplied_in_is_taken_out(tmp_path: Path) -> None:
    levels = np.array([[[100, 0, 50, 32768], [7, 7, 7, 0], [900, 5, 3, 65535]]], np.uint16)
    data = bytearray(plain_tiff(levels, {}))
    entry = data.index(np.array([338, 3, 1, 0, 2], "<u2").tobytes())
    data[entry + 8] = 1
    (tmp_path / "multiplied.tif").write_bytes(data)
    picture = read(tmp_path / "multiplied.tif")
    assert picture.pixels[0, 0].tolist() == [200, 0, 100]  # 100 * 65535 / 32768, rounded
    assert picture.pixels[0, 2].tolist() == [900, 5, 3]
    assert picture.alpha is not None
    assert picture.alpha[0].tolist() == [32768, 0, 65535]


def test_a_ppm_of_any_white_fills_the_scale(tmp_path: Path) -> None:
    path = tmp_path / "deep.ppm"
    levels = stored("RGB16", 3, 4)
    path.write_bytes(plain_ppm(levels))
    assert np.array_equal(read(path).pixels, levels)
    path.write_bytes(b"P6\n1 1\n1000\n" + np.array([0, 500, 1000], ">u2").tobytes())
    assert read(path).pixels.tolist() == [[[0, 32768, 65535]]]
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(MediaError, match="truncated"):
        read(path)
    path.write_bytes(b"P3\n1 1\n1000\n0 500 1000\n")
    with pytest.raises(MediaError, match="in digits; save it as a binary PPM"):
        read(path)


def test_separate_planes_of_sixteen_bits_are_refused_not_misread(tmp_path: Path) -> None:
    levels = stored("RGB16", 4, 4)
    data = bytearray(plain_tiff(levels, {284: 1}))
    entry = data.index(np.array([284, 3, 1, 0, 1], "<u2").tobytes())
    data[entry + 8] = 2
    (tmp_path / "planes.tif").write_bytes(data)
    with pytest.raises(MediaError, match="separate planes"):
        read(tmp_path / "planes.tif")


@pytest.mark.parametrize("mode", ["RGB", "RGB16", "RGBA16"])
def test_a_damaged_animation_does_not_end_the_process(tmp_path: Path, mode: str) -> None:
    """OpenCV 5.0 does not survive a frame that cannot be decoded; Pillow reads the first."""
    levels = stored(mode, 64, 128)
    rows = b"".join(b"\x09" + row.tobytes() for row in levels)  # there is no such filter
    control = struct.pack(">IIIIIHHBB", 0, 128, 64, 0, 0, 1, 10, 0, 1)
    frame = [(b"fcTL", control), (b"fdAT", struct.pack(">I", 1) + zlib.compress(rows))]
    data = plain_png(levels, [(b"acTL", struct.pack(">II", 2, 0))], frame)
    path = tmp_path / "animated.png"
    path.write_bytes(data)
    code = f"""
from pathlib import Path
from cyclekit.errors import MediaError
from cyclekit.media.images import read, read_rgb
for reader in (read, read_rgb):
    try:
        reader(Path({str(path)!r}))
    except MediaError as error:
        print(error)
print("alive")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "alive\n", "")
