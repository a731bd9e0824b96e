"""Files appear whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from cyclekit.errors import MediaError


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Write beside `path`, then rename; whatever goes wrong, nothing is left behind.

    Args:
        path: the file to make; its folder is made if need be.

    Yields:
        The path to write to: the same name with ".part" appended.

    Raises:
        MediaError: if the file system refuses.
    """
    part = path.with_name(f"{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield part
        part.replace(path)
    except OSError as error:
        raise MediaError(f"{path}: cannot be written: {error.strerror or error}") from error
    finally:
        with suppress(OSError):  # what went wrong before counts
            part.unlink(missing_ok=True)
