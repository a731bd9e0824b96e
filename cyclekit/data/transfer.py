"""Fetch one file: go on after a break, refuse what is too large, know its checksum again."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from cyclekit.data import checksums
from cyclekit.errors import DataError

Progress = Callable[[int, int | None], None]
"""Told the bytes that are here and, where known, the bytes in all."""

ATTEMPTS = 3
PIECE = 1 << 16
"""Bytes written at once; of a broken transfer, whole pieces are kept."""


def fetch(
    url: str,
    file: Path,
    *,
    checksum: str | None = None,
    progress: Progress | None = None,
    limit: int | None = None,
) -> None:
    """Make `file` hold what is at an address; a file that does already is left alone.

    Args:
        url: the address, http or https.
        file: where to; what has arrived of it lies beside it under a name that ends in ".part".
        checksum: what it must be, sha256 as a hexadecimal number, or "sha512:" and such a number;
            the one that `checksums` remembers if None.
        progress: called after every piece that arrives.
        limit: most bytes that are taken.

    Raises:
        DataError: if the transfer fails, the file is larger, or another. A broken transfer goes on
            at the next call.
    """
    import pooch

    pooch.get_logger().setLevel("WARNING")
    part = Part(file.with_name(f"{file.name}.part"), progress, limit)
    known = checksum or checksums.known(url)

    def transfer(url: str, output: str, pooch: object) -> None:
        part.complete(url).replace(output)

    try:
        pooch.retrieve(url, known, fname=file.name, path=file.parent, downloader=transfer)
    except ValueError as error:
        kind, _, number = (known or "").rpartition(":")
        raise DataError(
            f"{url} is not the file it was: its {kind or 'sha256'} differs from {number}"
            + ("" if checksum else f"; if that is right, delete its line in {checksums.file()}")
        ) from error
    finally:
        part.drop_if_empty()


class Part:
    """A file that is still arriving; survives a broken transfer and a killed process.

    Args:
        path: where the bytes are gathered.
        progress: told how many there are.
        limit: most bytes that are taken.
    """

    def __init__(self, path: Path, progress: Progress | None, limit: int | None = None) -> None:
        self.path = path
        self._progress, self._limit = progress, limit
        self._total: int | None = None
        self._file: IO[bytes]
        self._url = ""

    def complete(self, url: str, attempts: int = ATTEMPTS) -> Path:
        """Fetch what is missing and return the finished file.

        Raises:
            DataError: if the server refuses, has broken off `attempts` times, or sends too much.
        """
        try:
            self._go_on(url)
        except OSError as error:
            if attempts == 1 or not _transient(error):
                reason = _reason(error, self.path.stat().st_size)
                raise DataError(f"cannot fetch {url}: {reason}") from error
            return self.complete(url, attempts - 1)
        self._tag.unlink(missing_ok=True)
        return self.path

    def write(self, data: bytes) -> None:
        """Take the next piece; pooch calls this."""
        self._check_limit(self._file.tell() + len(data))
        self._file.write(data)
        if self._progress:
            self._progress(self._file.tell(), self._total)

    def flush(self) -> None:
        """Leave flushing to the file: pooch asks for it after every piece."""

    def drop_if_empty(self) -> None:
        """Leave no file behind of which nothing has arrived."""
        if self.path.exists() and not self.path.stat().st_size:
            self.path.unlink()
            self._tag.unlink(missing_ok=True)

    def _go_on(self, url: str) -> None:
        import pooch

        self._url = url
        with self.path.open("ab") as self._file:
            get = pooch.HTTPDownloader(
                chunk_size=PIECE, headers=self._headers(), hooks={"response": self._begin}
            )
            get(url, self, None)

    def _headers(self) -> dict[str, str]:
        """Ask for the rest, but for the whole file if it has changed or cannot be told apart."""
        headers = {"Accept-Encoding": "identity"}
        if self._file.tell() and self._tag.exists():
            headers["Range"] = f"bytes={self._file.tell()}-"
            headers["If-Range"] = self._tag.read_text(encoding="utf-8")
        return headers

    def _begin(self, response: Any, **_: Any) -> None:
        """Look at the answer's head before its body is read; start over where it is the whole."""
        if response.status_code == 416:
            self._file.truncate(0)
        if response.status_code not in (200, 206):
            return
        if response.status_code == 200:
            self._file.seek(0)
            self._file.truncate()
        length = response.headers.get("Content-Length")
        missing = int(length) if length else None
        room = shutil.disk_usage(self.path.parent).free
        if missing and missing > room:
            raise DataError(f"{response.url} needs {missing:,} bytes, the disk has {room:,}")
        self._total = missing and self._file.tell() + missing
        self._check_limit(self._total or 0)
        # A weak tag ("W/...") may not stand in If-Range.
        tag = response.headers.get("ETag", "W/")
        tag = response.headers.get("Last-Modified", "") if tag.startswith("W/") else tag
        self._tag.write_text(tag, encoding="utf-8") if tag else self._tag.unlink(missing_ok=True)

    def _check_limit(self, size: int) -> None:
        if self._limit is not None and size > self._limit:
            self._file.truncate(0)
            raise DataError(f"{self._url} sends over {self._limit:,} bytes; that is refused")

    @property
    def _tag(self) -> Path:
        return self.path.with_suffix(".tag.part")


def _transient(error: OSError) -> bool:
    if error.errno is not None or isinstance(error, ValueError):  # the disk; a malformed address
        return False
    status = getattr(getattr(error, "response", None), "status_code", None)
    return status in (None, 416, 429, 500, 502, 503, 504)


def _reason(error: OSError, kept: int) -> str:
    response = getattr(error, "response", None)
    if response is not None:
        return f"the server answers {response.status_code} {response.reason}"
    if not _transient(error):
        return str(error)
    if not kept:
        return "no answer; check the address and the network"
    return f"the connection broke; {kept:,} bytes are kept, run the command again to go on"
