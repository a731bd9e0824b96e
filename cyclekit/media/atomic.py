"""Files appear whole or not at all."""

from __future__ import annotations

import errno
import hashlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from cyclekit.errors import MediaError

if sys.platform != "win32":
    import fcntl

PART = ".cyclekit.part"
"""How files end that are not whole yet; nobody else's do, so those left behind may be deleted."""
_LONGEST = 255  # bytes of a name, on every usual file system
_NO_LOCKS = (errno.ENOLCK, errno.EOPNOTSUPP, errno.EINVAL)


def part_of(path: Path) -> Path:
    """Return where a file is made: beside it, under its name and `PART`."""
    return beside(path, PART)


def beside(path: Path, ending: str) -> Path:
    """Return a name beside a path: its own and an ending; a short one where that is too long."""
    name = f"{path.name}{ending}"
    if len(os.fsencode(name)) > _LONGEST:
        name = f"{hashlib.sha256(os.fsencode(path.name)).hexdigest()}{ending}"
    return path.with_name(name)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Write beside `path`, then rename; whatever goes wrong, nothing is left behind.

    Only a process that is killed leaves its part; `sweep` deletes it.

    Args:
        path: the file to make; its folder is made if need be.

    Yields:
        The path to write to, which no other process writes to meanwhile.

    Raises:
        MediaError: if the file system refuses, or another process is writing the same file.
    """
    part = part_of(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _claimed(part):
            try:
                yield part
                part.replace(path)
            finally:
                with suppress(OSError):  # what went wrong before counts
                    part.unlink(missing_ok=True)
    except BlockingIOError as error:
        raise MediaError(f"{path}: another process is writing it") from error
    except (FileExistsError, NotADirectoryError) as error:
        reason = "a file stands where one of its folders must be"
        raise MediaError(f"{path}: cannot be written: {reason}") from error
    except OSError as error:
        raise MediaError(f"{path}: cannot be written: {error.strerror or error}") from error


def followed(path: Path) -> Path:
    """Return what a symbolic link leads to, there or not yet; any other path as it is.

    Who names a link as the one file to write means the file. In a tree that mirrors another one, a
    link may lead to an original: there `replacing` puts a file in the link's place.
    """
    return Path(os.path.realpath(path)) if path.is_symlink() else path


def sweep(folder: Path) -> None:
    """Delete the parts that killed processes left in a folder, and none that is being written."""
    with suppress(OSError):
        for part in [entry for entry in folder.iterdir() if entry.name.endswith(PART)]:
            with suppress(OSError), _claimed(part):
                part.unlink()


@contextmanager
def holding(folder: Path) -> Iterator[None]:
    """Hold a folder against others that ask to hold it, until the block or the process ends.

    Raises:
        BlockingIOError: if another process holds it.
    """
    if sys.platform == "win32":  # it opens no folders
        yield
        return
    number = os.open(folder, os.O_RDONLY)
    try:
        _lock(number)
        yield
    finally:
        os.close(number)


@contextmanager
def _claimed(part: Path) -> Iterator[None]:
    """Hold a part's lock, which ends with the process, however that ends.

    Raises:
        BlockingIOError: if somebody else holds it.
    """
    if sys.platform == "win32":  # it renames no open file, and deletes none
        yield
        return
    number = os.open(part, os.O_WRONLY | os.O_CREAT, 0o666)
    try:
        _lock(number)
        if not _is_at(number, part):  # its owner finished between the last two lines
            raise BlockingIOError
        yield
    finally:
        os.close(number)


def _lock(number: int) -> None:
    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise


def _is_at(number: int, part: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(number), part.stat())
    except FileNotFoundError:
        return False
