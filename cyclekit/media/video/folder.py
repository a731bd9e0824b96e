"""Which output belongs to which video."""

from __future__ import annotations

from pathlib import Path

from cyclekit.errors import MediaError, UsageError
from cyclekit.media.folders import list_files
from cyclekit.media.video.codecs import CONTAINERS

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
        if target.exists() and source.exists() and target.samefile(source):
            raise UsageError(f"{target} is the input; inputs are never overwritten")
        return [(source, target)]
    if target.suffix and not target.is_dir():
        raise UsageError(f"{source} is a folder; expected a folder for the output, got {target}")
    if target.resolve() == source.resolve():
        raise UsageError(f"{target}: input and output are the same folder; choose another")
    found = [path for path in list_files(source, VIDEO_SUFFIXES) if not _inside(path, target)]
    if not found:
        raise MediaError(f"{source}: no videos in this folder")
    return _named(found, source, target)


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
