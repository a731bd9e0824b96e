"""Where things lie in a report's folder, and how a page names them."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote, unquote_to_bytes

from cyclekit.errors import UsageError
from cyclekit.media.folders import REPORT_MARK
from cyclekit.media.mirror import Job

_LONGEST_NAME = 200  # bytes; a file system takes 255, and something is appended


def report_folder(output: Path, jobs: Sequence[Job], *, single: bool) -> Path:
    """Return the folder of a report.

    Args:
        output: what was asked for: a folder, or the file of a single picture.
        jobs: all that will be read and written.
        single: whether `output` is that file.

    Raises:
        UsageError: if the folder holds something else, or is to hold pictures.
    """
    folder = output.with_name(f"{output.name}.report") if single else output / "report"
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"--report: {folder} is a file; move it, or choose another -o")
    if folder.is_dir() and not (folder / REPORT_MARK).exists() and any(folder.iterdir()):
        raise UsageError(f"--report: {folder} holds something else; move it, or choose another -o")
    place, target = folder.absolute(), folder.resolve()
    for job in jobs:
        if place in job.output.absolute().parents or target in job.input.resolve().parents:
            raise UsageError(f"--report: {folder} is where {job.input} belongs; choose another -o")
    return folder


_NO_TEXT = re.compile("[\ud800-\udfff]")  # what Python makes of bytes in a name, or of bad JSON


class Places:
    """Names of the files in a report, and their URLs.

    Args:
        folder: of the report; the outputs lie below the folder that it is in.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.page = folder / "index.html"
        self.journal = folder / REPORT_MARK

    def key(self, output: Path) -> str:
        """Return the path of an output below the report's parent, quoted as in a URL."""
        return quote(os.fsencode(os.path.relpath(output, self.folder.parent)))

    def name(self, output: Path) -> str:
        """Return the same to be read."""
        return readable(os.path.relpath(output, self.folder.parent))

    def picture(self, key: str, ending: str) -> Path:
        """Return where a small picture of an output lies: the outputs' tree once more.

        Args:
            key: of the output.
            ending: what is appended to the output's name, such as "-before.jpg".
        """
        place = Path(os.fsdecode(unquote_to_bytes(key)))
        name = os.fsencode(place.name)
        if len(name) > _LONGEST_NAME:
            name = name[:80] + b"~" + hashlib.sha256(name).hexdigest()[:16].encode()
        return self.folder / "pictures" / place.parent / (os.fsdecode(name) + ending)

    def url(self, path: Path) -> str:
        """Return a path in the folder as the page names it."""
        return quote(os.fsencode(path.relative_to(self.folder)))


def readable(words: object) -> str:
    """Make any name readable: bytes that are no text show as such."""
    return _NO_TEXT.sub("\ufffd", str(words))
