"""Pictures and datasets to survey, made in memory, with faults planted where tests look for them."""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from cyclekit.media.images import Picture, write

Pixels = NDArray[np.uint8]


def scene(seed: int, height: int = 96, width: int = 96, tint: tuple[int, int, int] = (0, 0, 0)) -> Pixels:  # fmt: skip
    """Draw shapes of all sizes, other ones for every seed: uint8 (H, W, 3)."""
    draws, canvas = np.random.default_rng(seed), np.full((height, width, 3), 100.0)
    for cells in (3, 6, 12, 24):  # a photograph's waves are as strong as they are long
        rough = draws.normal(0, 120 / cells**0.7, (cells, cells, 3))
        canvas += cv2.resize(rough, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.clip(canvas + np.array(tint), 0, 255).astype(np.uint8)


def put(path: Path, image: Pixels) -> Path:
    write(path, Picture(image))
    return path


def fill(folder: Path, seeds: range, **options: object) -> Path:
    """Write a scene a seed, as PNG."""
    for seed in seeds:
        put(folder / f"{seed:04d}.png", scene(seed, **options))  # type: ignore[arg-type]
    return folder


def planted(root: Path) -> dict[str, Path]:
    """Write trainA, trainB, testA and testB with one fault of each kind; return where they are."""
    fill(root / "trainA", range(12))
    fill(root / "trainB", range(100, 112))
    fill(root / "testA", range(200, 204))
    fill(root / "testB", range(300, 304))
    a = root / "trainA"
    whole = (a / "0001.png").read_bytes()
    spots = {
        "equal": a / "again.png", "smaller": a / "small copy.jpg", "leaked": root / "trainB" / "seen.jpg",
        "in both": root / "trainB" / "also.png", "truncated": a / "cut.png", "broken": a / "no.jpg",
        "empty": a / "zero.png", "ending": a / "liar.jpg", "hidden": a / "picture.dat",
        "turned": a / "turned.jpg", "flat": a / "flat.png", "near-empty": a / "line.png",
        "gray": a / "gray.png", "clear": a / "clear.png", "deep": a / "deep.png",
        "long": a / "long.png", "text": a / "readme.txt",
    }  # fmt: skip
    spots["equal"].write_bytes(whole)
    put(spots["smaller"], cv2.resize(scene(2), (70, 70), interpolation=cv2.INTER_AREA))
    put(spots["leaked"], np.clip(scene(301).astype(int) + 9, 0, 255).astype(np.uint8))
    put(spots["in both"], scene(5))
    spots["truncated"].write_bytes(whole[: len(whole) // 2])
    spots["broken"].write_bytes(b"no picture at all")
    spots["empty"].write_bytes(b"")
    put(a / "liar.png", scene(20)).rename(spots["ending"])
    put(a / "picture.png", scene(21)).rename(spots["hidden"])
    exif = Image.Exif()
    exif[274] = 6
    Image.fromarray(scene(22, 80, 100)).save(spots["turned"], exif=exif)
    put(spots["flat"], np.full((80, 80, 3), 37, np.uint8))
    line = np.full((250, 250, 3), 250, np.uint8)
    line[100, 20:90] = 0
    put(spots["near-empty"], line)
    Image.fromarray(scene(23)[..., 0]).save(spots["gray"])
    write(spots["clear"], Picture(scene(24), np.zeros((96, 96), np.uint8)))
    write(spots["deep"], Picture(scene(25).astype(np.uint16) * 257))
    put(spots["long"], scene(26, 70, 300))
    spots["text"].write_text("where these are from")
    return spots
