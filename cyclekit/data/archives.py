"""Unpack an archive from elsewhere safely."""

from __future__ import annotations

import gzip
import lzma
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from cyclekit.errors import DataError

DAMAGE = (
    *(zipfile.BadZipFile, tarfile.TarError, gzip.BadGzipFile, zlib.error, lzma.LZMAError),
    *(EOFError, RuntimeError),  # cut off; encrypted, or packed in a way that zipfile does not know
)


def unpack(archive: Path, target: Path) -> None:
    """Unpack a zip or tar archive so that `target` appears whole or not at all.

    Only plain files and folders are written, and no permissions are taken over. A single folder
    that holds everything is left out of the path. A refused archive is deleted.

    Raises:
        DataError: if the archive is damaged, is larger than the disk has room for, or has members
            outside its root, links or devices.
    """
    beside = target.with_name(f".{target.name}.part")
    shutil.rmtree(beside, ignore_errors=True)
    try:
        with _members(archive) as members:
            _check(members, room=shutil.disk_usage(archive.parent).free)
        with _members(archive) as members:
            _write(members, beside)
        _content(beside).rename(target)
    except DAMAGE as error:
        archive.unlink()
        raise DataError(f"the archive is damaged: {error}; run the command again") from error
    except DataError:
        archive.unlink()
        raise
    finally:
        shutil.rmtree(beside, ignore_errors=True)


@dataclass(frozen=True)
class _Member:
    name: str
    size: int
    is_folder: bool
    is_plain: bool
    open: Callable[[], IO[bytes]]


@contextmanager
def _members(archive: Path) -> Iterator[Iterable[_Member]]:
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as opened:
            yield (_zip_member(opened, info) for info in opened.infolist())
    elif tarfile.is_tarfile(archive):
        with tarfile.open(archive) as packed:
            yield (_tar_member(packed, info) for info in packed)
    else:
        raise DataError(
            "what was fetched is neither a zip nor a tar archive; is the address right?"
        )


def _zip_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> _Member:
    kind = stat.S_IFMT(info.external_attr >> 16)  # 0 where the archive comes from Windows
    plain = kind in (0, stat.S_IFREG, stat.S_IFDIR)
    return _Member(info.filename, info.file_size, info.is_dir(), plain, lambda: archive.open(info))


def _tar_member(archive: tarfile.TarFile, info: tarfile.TarInfo) -> _Member:
    def read() -> IO[bytes]:
        stream = archive.extractfile(info)
        assert stream is not None  # only links and devices have none
        return stream

    return _Member(info.name, info.size, info.isdir(), info.isfile() or info.isdir(), read)


def _check(members: Iterable[_Member], *, room: int) -> None:
    """Refuse before a byte is written; what is read later cannot exceed the sizes declared."""
    total = 0
    for member in members:
        name = member.name.replace("\\", "/")
        if name.startswith("/") or ".." in name.split("/") or ":" in name.split("/")[0]:
            raise DataError(f"refused: the archive's member '{member.name}' lies outside of it")
        if not member.is_plain:
            raise DataError(f"refused: the archive's member '{member.name}' is a link or device")
        total += member.size
        if total > room:
            raise DataError(f"refused: unpacked it has over {total:,} bytes, the disk has {room:,}")


def _write(members: Iterable[_Member], root: Path) -> None:
    root.mkdir()
    for member in members:
        path = root / member.name
        if member.is_folder:
            path.mkdir(parents=True, exist_ok=True)
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        with member.open() as source, path.open("xb") as sink:
            shutil.copyfileobj(source, sink)


def _content(root: Path) -> Path:
    inside = list(root.iterdir())
    return inside[0] if len(inside) == 1 and inside[0].is_dir() else root
