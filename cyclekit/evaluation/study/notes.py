"""What could give fakes away although all pictures were prepared alike."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from cyclekit.errors import MediaError
from cyclekit.media.folders import list_pictures
from cyclekit.media.images import read_size

_LOSSY = frozenset({".jpg", ".jpeg", ".jpe", ".jfif"})
_LOOKED_AT = 50  # pictures of a folder


def notes_on(real: Path, fakes: Mapping[str, Path], size: int, jpeg: int | None) -> list[str]:
    """Compare the folders' files by content, ending and size.

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
        if shared := _shared(real, folder):
            notes.append(f"{shared} pictures of '{name}' are, byte by byte, among the real ones")
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


def _shared(real: Path, folder: Path) -> int:
    """Count files of a folder that are real pictures too; only those of a length are read."""
    known, others = _by_length(real), _by_length(folder)
    common = known.keys() & others.keys()
    digests = {_digest(path) for length in common for path in known[length]}
    return sum(_digest(path) in digests for length in common for path in others[length])


def _by_length(folder: Path) -> dict[int, list[Path]]:
    found: dict[int, list[Path]] = {}
    for path in list_pictures(folder):
        if path.is_file():
            found.setdefault(path.stat().st_size, []).append(path)
    return found


def _digest(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").digest()
    except OSError:
        return str(path).encode(errors="surrogateescape")  # named where it is prepared


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
