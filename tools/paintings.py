"""A painting as a set of pictures: several sizes for strokes of several widths, and crops of those."""

import random
from collections.abc import Iterator, Sequence
from pathlib import Path

from PIL import Image

SCALES = (55, 70, 85)
"""Percent of a scan's own size: strokes of three widths."""
EDGE = 16
"""Pixels of a scan that are cut off on each side: frames and shadows."""


def scaled(scan: Path, scales: Sequence[int] = SCALES, edge: int = EDGE) -> Iterator[Image.Image]:
    """Give a painting at several sizes, in percent."""
    with Image.open(scan) as opened:
        box = (edge, edge, opened.width - edge, opened.height - edge)
        painting = opened.convert("RGB").crop(box)
    for percent in scales:
        size = (painting.width * percent // 100, painting.height * percent // 100)
        yield painting.resize(size, Image.Resampling.LANCZOS)


def write_scales(
    scan: Path, folder: Path, scales: Sequence[int] = SCALES, edge: int = EDGE
) -> Path:
    """Make a folder hold the painting at several sizes; what is there stays."""
    folder.mkdir(parents=True, exist_ok=True)
    for percent, painting in zip(scales, scaled(scan, scales, edge), strict=True):
        file = folder / f"scale-{percent}.png"
        if not file.exists():
            painting.save(file)
    return folder


def write_crops(scans: Sequence[Path], folder: Path, count: int, side: int, seed: int) -> Path:
    """Fill a folder with square crops at random places, from all sizes of all paintings in turn."""
    folder.mkdir(parents=True)
    sizes = [painting for scan in scans for painting in scaled(scan)]
    places = random.Random(seed)
    for number in range(count):
        painting = sizes[number % len(sizes)]
        reach = min(side, *painting.size)
        left = places.randint(0, painting.width - reach)
        top = places.randint(0, painting.height - reach)
        painting.crop((left, top, left + reach, top + reach)).save(folder / f"crop-{number:04}.png")
    return folder
