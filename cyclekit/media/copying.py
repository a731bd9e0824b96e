"""Copies files, whole or not at all."""

from __future__ import annotations

import shutil
from pathlib import Path

from cyclekit.media.atomic import replacing


def copy_file(source: Path, target: Path) -> None:
    """Copy a file's bytes and times; a link's target is copied.

    Args:
        source: the file.
        target: the copy; one that exists is replaced, once the new one is whole.

    Raises:
        MediaError: if it cannot be read or written; nothing is then left behind.
    """
    with replacing(target) as part:
        shutil.copy2(source, part)
