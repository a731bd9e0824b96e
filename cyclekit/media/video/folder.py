"""Which output belongs to which video."""

from __future__ import annotations

from pathlib import Path

from cyclekit.errors import MediaError, UsageError
from cyclekit.media.atomic import followed
from cyclekit.media.folders import list_files
from cyclekit.media.video.codecs import CONTAINERS
from cyclekit.media.video.sequence import files_of

VIDEO_SUFFIXES = frozenset({
    ".3gp", ".avi", ".flv", ".gif", ".m2ts", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".mts",
    ".mxf", ".ogv", ".ts", ".vob", ".webm", ".wmv",
})  # fmt: skip
"""Endings, in lower case, by which a folder's videos are known."""
_FALLBACK = ".mp4"


def pairs(source: Path, target: Path) -> list[tuple[Path, Path]]:
    """Name the output of every input.

    Args:
        source: a video, or a folder of them with all folders in it.
        target: the output; for a folder, the folder that mirrors it. An ending that cannot be
            written becomes .mp4.

    Raises:
        UsageError: if an output would be an input.
        MediaError: if there is no video in the folder.
    """
    if not source.is_dir():
        if target.is_dir():
            raise UsageError(f"{target} is a folder; name a file, such as {target / source.name}")
        if (both := overwritten(target, source)) is not None:
            raise UsageError(f"{both} is the input; inputs are never overwritten")
        return [(source, followed(target))]
    if target.suffix and not target.is_dir():
        raise UsageError(f"{source} is a folder; expected a folder for the output, got {target}")
    if target.resolve() == source.resolve():
        raise UsageError(f"{target}: input and output are the same folder; choose another")
    found = [path for path in list_files(source, VIDEO_SUFFIXES) if not _inside(path, target)]
    if not found:
        raise MediaError(f"{source}: no videos in this folder")
    return _named(found, source, target)


def overwritten(target: Path, source: Path) -> Path | None:
    """Return a file of the output that is also one of what is read, under whatever name.

    Args:
        target: the output: a file, or a pattern of pictures.
        source: what is read: the same.
    """
    read = {_identity(path) for path in files_of(source)}
    return next((path for path in files_of(target) if _identity(path) in read), None)


def _identity(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_dev, found.st_ino


def _named(found: list[Path], source: Path, target: Path) -> list[tuple[Path, Path]]:
    """Mirror the tree; where two would take one name, the later keeps its old ending too."""
    taken: set[Path] = set()
    named = []
    for path in sorted(found, key=lambda path: path.suffix.lower() not in CONTAINERS):
        output = target / path.relative_to(source)
        if output.suffix.lower() not in CONTAINERS:
            output = output.with_suffix(_FALLBACK)
            if output in taken:
                output = target / f"{path.relative_to(source)}{_FALLBACK}"
        taken.add(output)
        named.append((path, output))
    return sorted(named, key=lambda pair: found.index(pair[0]))


def _inside(path: Path, folder: Path) -> bool:
    return folder.resolve() in path.resolve().parents
