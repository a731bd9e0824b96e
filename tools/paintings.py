"""A painting as a set of pictures: several sizes for strokes of several widths, and crops of those."""

import hashlib
import random
from collections.abc import Iterator, Sequence
from pathlib import Path

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from cyclekit.errors import MediaError
from cyclekit.media.atomic import replacing

SCALES = (55, 70, 85)
"""Percent of a scan's own size: strokes of three widths."""
EDGE = 16
"""Pixels of a scan that are cut off on each side: frames and shadows."""
_KEY = "cyclekit painting"
"""Under which a scaled painting says what it was made from."""


def scaled(scan: Path, scales: Sequence[int] = SCALES, edge: int = EDGE) -> Iterator[Image.Image]:
    """Give a painting at several sizes, in percent.

    Raises:
        MediaError: if it cannot be read, or nothing of it is left within its edges.
    """
    try:
        with Image.open(scan) as opened:
            whole = opened.convert("RGB")
    except OSError as error:
        reason = error.strerror or "no picture, or a damaged one"
        raise MediaError(f"{scan}: cannot be read: {reason}") from error
    if (min(whole.size) - 2 * edge) * min(scales) < 100:
        raise MediaError(f"{scan}: {whole.width}x{whole.height} px, too small to scale")
    painting = whole.crop((edge, edge, whole.width - edge, whole.height - edge))
    for percent in scales:
        size = (painting.width * percent // 100, painting.height * percent // 100)
        yield painting.resize(size, Image.Resampling.LANCZOS)


def write_scales(
    scan: Path, folder: Path, scales: Sequence[int] = SCALES, edge: int = EDGE
) -> Path:
    """Make a folder hold a painting at several sizes, and no other painting's; what is right stays.

    Raises:
        MediaError: if the painting cannot be read, or the file system refuses.
    """
    try:
        source = hashlib.sha256(scan.read_bytes()).hexdigest()
    except OSError as error:
        raise MediaError(f"{scan}: cannot be read: {error.strerror}") from error
    marks = {
        f"scale-{percent}.png": f"{percent} % of {source}, without {edge} px" for percent in scales
    }
    there = {old.name: _mark(old) for old in folder.glob("scale-*.png")}
    for (name, mark), painting in zip(marks.items(), scaled(scan, scales, edge), strict=True):
        if there.get(name) != mark:
            text = PngInfo()
            text.add_text(_KEY, mark)
            with replacing(folder / name) as part:
                painting.save(part, "png", pnginfo=text)
    for name in there.keys() - marks.keys():
        if there[name]:
            (folder / name).unlink()
    return folder


def _mark(file: Path) -> str | None:
    """Return what a file was made from, None if that is not told."""
    try:
        with Image.open(file) as opened:
            told = getattr(opened, "text", {}).get(_KEY)
    except OSError:
        return None
    return told


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
