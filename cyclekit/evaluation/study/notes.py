"""What could give fakes away although all pictures were prepared alike."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from cyclekit.errors import MediaError
from cyclekit.media.folders import list_pictures
from cyclekit.media.images import read_size

_LOSSY = frozenset({".jpg", ".jpeg", ".jpe", ".jfif"})
_LOOKED_AT = 50  # pictures of a folder


def notes_on(real: Path, fakes: Mapping[str, Path], size: int, jpeg: int | None) -> list[str]:
    """Compare the folders' files by ending and size.

    Args:
        real: folder of real pictures.
        fakes: folder of each method's pictures.
        size: side that all are resized to, px.
        jpeg: quality of the JPEG that all go through; None for none.

    Returns:
        Advice, one line each.
    """
    notes = []
    lossy, side = _share_lossy(real), _usual_side(real)
    for name, folder in fakes.items():
        if jpeg is None and abs(lossy - _share_lossy(folder)) > 0.5:
            which = "real pictures" if lossy > 0.5 else f"those of '{name}'"
            notes.append(
                f"only {which} are JPEG files, which can be seen; --jpeg 90 puts all through JPEG"
            )
        other = _usual_side(folder)
        if side and other and other < size <= side:
            notes.append(
                f"pictures of '{name}' have {other} px and are enlarged, real ones have {side} and"
                f" are not, which can be seen; --size {other} would enlarge none"
            )
    return notes


def _share_lossy(folder: Path) -> float:
    paths = list_pictures(folder)
    return sum(path.suffix.lower() in _LOSSY for path in paths) / max(len(paths), 1)


def _usual_side(folder: Path) -> int | None:
    """Return the median of the shorter sides, px."""
    sides = []
    for path in list_pictures(folder)[:_LOOKED_AT]:
        try:
            sides.append(min(read_size(path)))
        except MediaError:
            continue  # named where it is prepared
    return sorted(sides)[len(sides) // 2] if sides else None
