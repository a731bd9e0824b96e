from pathlib import Path

import av
import numpy as np
import pytest

from cyclekit.media.video.clip import PICTURES, Clip, Colour
from cyclekit.media.video.colour import stored_colour, used_matrix
from cyclekit.media.video.convert import Packer, Unpacker, on_white
from tests.clips import TICK, difference, frames_of, make_clip, scene

LUMA = {1: (0.2126, 0.0722), 5: (0.299, 0.114), 6: (0.299, 0.114), 9: (0.2627, 0.0593)}
"""Weights of red and blue, from BT.709, BT.601 and BT.2020."""
DRAWN = np.random.default_rng(0).integers(0, 256, (8, 3))
SIZE = (64, 48)


def stored(rgb: np.ndarray, matrix: int, full: bool, depth: int) -> np.ndarray:
    """Compute luma and chroma of a colour in [0, 1] by the formulas of ITU-R BT.709."""
    (kr, kb), (r, g, b) = LUMA[matrix], rgb
    luma = kr * r + (1 - kr - kb) * g + kb * b
    chroma = np.array([(b - luma) / (2 - 2 * kb), (r - luma) / (2 - 2 * kr)])
    unit, most = 2 ** (depth - 8), 2**depth - 1
    scale = (most, most, 0) if full else (219 * unit, 224 * unit, 16 * unit)
    return np.array([luma * scale[0] + scale[2], *(chroma * scale[1] + 128 * unit)])


def planes(frame: av.VideoFrame, depth: int) -> list[np.ndarray]:
    dtype = np.uint8 if depth == 8 else np.uint16
    return [
        np.frombuffer(memoryview(plane), dtype).reshape(plane.height, -1)[:, : plane.width]
        for plane in frame.planes
    ]


@pytest.mark.parametrize("matrix", LUMA)
@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize(
    ("pixel_format", "depth"),
    [("yuv420p", 8), ("yuv444p", 8), ("yuv420p10le", 10), ("yuv422p12le", 12), ("yuv444p16le", 16)],
)
def test_colours_follow_the_formulas_both_ways(
    matrix: int, full: bool, pixel_format: str, depth: int
) -> None:
    colour = Colour(matrix=matrix, range=2 if full else 1)
    pack = Packer(pixel_format, colour, SIZE)
    unpack = Unpacker(colour, 1, depth, alpha=False, size=SIZE)
    top = 255 if depth == 8 else 65535
    for rgb in [(0, 0, 0), (255, 255, 255), *DRAWN.tolist()]:
        exact = np.array(rgb) / 255
        pixels = np.full((48, 64, 3), np.round(exact * top), np.uint8 if depth == 8 else np.uint16)
        frame = pack(pixels)
        unit = 2 ** (depth - 8)
        for plane, expected in zip(
            planes(frame, depth), stored(exact, matrix, full, depth), strict=True
        ):
            assert abs(plane.mean() - expected) <= 0.3 * unit + 0.5  # it may be dithered
        assert difference(unpack(frame), pixels) < (1 if depth == 8 else 0.3)


@pytest.mark.parametrize("pixel_format", ["yuv420p10le", "yuv444p10le", "yuv444p16le"])
def test_deep_frames_keep_what_8_bits_lose(pixel_format: str) -> None:
    ramp = np.linspace(20000, 24000, 64).astype(np.uint16)
    pixels = np.repeat(np.tile(ramp, (48, 1))[..., None], 3, axis=2)
    colour = Colour(matrix=9, range=1)
    depth = 16 if "16" in pixel_format else 10
    back = Unpacker(colour, 1, depth, alpha=False, size=SIZE)(
        Packer(pixel_format, colour, SIZE)(pixels)
    )
    assert back.dtype == np.uint16
    assert difference(back, pixels) < 0.15
    assert len(np.unique(back)) > 50


def test_a_round_trip_does_not_drift() -> None:
    colour = Colour(matrix=1, range=1)
    pack, unpack = Packer("yuv420p", colour, SIZE), Unpacker(colour, 1, 8, alpha=False, size=SIZE)
    before = unpack(pack(scene(1)[0]))
    after = before
    for _ in range(5):
        after = unpack(pack(after))
    assert abs((after.astype(int) - before).mean()) < 0.15
    assert difference(after, before) < 1.5


def test_an_untagged_matrix_is_the_one_that_players_guess() -> None:
    assert used_matrix(Colour(), 640, 480) == 5
    assert used_matrix(Colour(), 540, 960) == 1
    assert used_matrix(Colour(), 1280, 536) == 1
    assert used_matrix(Colour(matrix=9), 640, 480) == 9


def test_tags_stay_unless_they_would_be_understood_in_another_way() -> None:
    def clip(colour: Colour, width: int, height: int) -> Clip:
        return Clip(width, height, TICK, 1 / TICK, colour=colour)

    tagged = Colour(9, 9, 16, 1)
    assert stored_colour(clip(tagged, 1920, 1080), 640, 360) == tagged
    assert stored_colour(clip(Colour(), 640, 360), 640, 360) == Colour()
    assert stored_colour(clip(Colour(), 1280, 720), 640, 360) == Colour(matrix=1)
    assert stored_colour(clip(PICTURES, 64, 64), 64, 64) == Colour(1, 1, 13, 1)


def test_what_is_transparent_becomes_white() -> None:
    pixels = np.array([[[10, 20, 30, 255], [10, 20, 30, 0], [0, 0, 0, 51]]], np.uint8)
    assert on_white(pixels).tolist() == [[[10, 20, 30], [255, 255, 255], [204, 204, 204]]]
    deep = on_white(pixels.astype(np.uint16) * 257)
    assert np.array_equal(deep // 257, on_white(pixels))


@pytest.mark.parametrize(
    ("codec", "options"),
    [
        ("libx264", {"qp": "0"}),
        ("libx265", {"x265-params": "lossless=1:log-level=none"}),
        ("libvpx-vp9", {"lossless": "1"}),
        ("libsvtav1", {"svtav1-params": "lossless=1"}),
        ("ffv1", {}),
    ],
)
def test_colours_do_not_move_sideways(tmp_path: Path, codec: str, options: dict[str, str]) -> None:
    ramp = np.zeros((48, 64, 3), np.uint8)
    ramp[..., 2] = 3 * np.arange(64)  # blue: nearly all of it is chroma
    path = make_clip(tmp_path / "a.mkv", [ramp], codec=codec, options=options)
    blue = frames_of(path)[0].pixels[24, 10:54, 2].astype(int)
    moved = (blue - ramp[24, 10:54, 2]).mean() / 3
    assert abs(moved) < 0.2  # half a pixel, where the two sides disagree
