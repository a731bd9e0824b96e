"""Fetch a public dataset: resume, verify, unpack."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from cyclekit.data.archives import unpack
from cyclekit.data.catalogue import Entry
from cyclekit.errors import DataError

Progress = Callable[[int, int | None], None]
"""Told the bytes that are here and, where known, the bytes in all."""

ATTEMPTS = 3
PIECE = 1 << 16
"""Bytes written at once; of a broken transfer, whole pieces are kept."""


def download(
    entry: Entry, folder: Path, *, url: str | None = None, progress: Progress | None = None
) -> Path:
    """Make `folder/NAME` hold the dataset; do nothing if it is there.

    Args:
        entry: what to fetch.
        folder: where the dataset's own folder goes; made if missing.
        url: another address of the archive, such as a mirror.
        progress: called after every piece that arrives.

    Returns:
        The dataset's folder.

    Raises:
        DataError: if there is no address, the transfer fails, the checksum differs from the known
            one, or the archive is damaged or unsafe. A broken transfer goes on at the next call.
    """
    target = folder / entry.name
    if target.exists():
        return target
    address = url or entry.url
    if address is None:
        raise DataError(f"'{entry.name}' has no address to fetch from; see {entry.source}")
    # Hidden and named after the dataset: it can meet no file of the user's own.
    archive = folder / f".{entry.name}.archive"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        known = entry.sha256 or _known_checksum(address)
        advice = f"if that is right, delete its line in {_checksum_file()}"
        fetch(address, archive, known, advice=advice, progress=progress)
        unpack(archive, target)
        _remember_checksum(address, archive)
        archive.unlink()
    except OSError as error:
        raise DataError(f"cannot keep '{entry.name}' in {folder}: {error}") from error
    return target


def fetch(
    url: str, file: Path, known: str | None, *, advice: str, progress: Progress | None = None
) -> None:
    """Make `file` hold what is at an address; do nothing if it does.

    Args:
        url: the address.
        file: in a folder that exists.
        known: its checksum, sha256 as a hexadecimal number, or "sha512:" and such a number.
        advice: what to do where it differs.
        progress: called after every piece that arrives.

    Raises:
        DataError: if the transfer fails, or the checksum differs.
    """
    import pooch

    pooch.get_logger().setLevel("WARNING")
    part = Part(file.with_name(f"{file.name}.part"), progress)

    def transfer(url: str, output: str, pooch: object) -> None:
        part.complete(url).replace(output)

    try:
        pooch.retrieve(url, known, fname=file.name, path=file.parent, downloader=transfer)
    except ValueError as error:
        kind, _, number = (known or "").rpartition(":")
        raise DataError(
            f"{url} is not the file it was: its {kind or 'sha256'} differs from {number}; {advice}"
        ) from error
    finally:
        part.drop_if_empty()


class Part:
    """A file that is still arriving; survives a broken transfer and a killed process.

    Args:
        path: where the bytes are gathered.
        progress: told how many there are.
    """

    def __init__(self, path: Path, progress: Progress | None) -> None:
        self.path = path
        self._progress = progress
        self._total: int | None = None
        self._file: IO[bytes]

    def complete(self, url: str, attempts: int = ATTEMPTS) -> Path:
        """Fetch what is missing and return the finished file.

        Raises:
            DataError: if the server refuses, or has broken off `attempts` times.
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
        # A weak tag ("W/...") may not stand in If-Range.
        tag = response.headers.get("ETag", "W/")
        tag = response.headers.get("Last-Modified", "") if tag.startswith("W/") else tag
        self._tag.write_text(tag, encoding="utf-8") if tag else self._tag.unlink(missing_ok=True)

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


def _known_checksum(url: str) -> str | None:
    return _checksums().get(url)


def _remember_checksum(url: str, archive: Path) -> None:
    import pooch

    file = _checksum_file()
    file.parent.mkdir(parents=True, exist_ok=True)
    known = {**_checksums(), url: pooch.file_hash(str(archive))}
    beside = file.with_name(f"{file.name}.{os.getpid()}.part")
    beside.write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")
    beside.replace(file)


def _checksums() -> dict[str, str]:
    file = _checksum_file()
    if not file.exists():
        return {}
    try:
        known = json.loads(file.read_text(encoding="utf-8"))
    except ValueError:
        known = None
    if not isinstance(known, dict) or not all(isinstance(sha, str) for sha in known.values()):
        raise DataError(f"{file}: damaged, expected checksums by address as JSON; delete it")
    return known


def _checksum_file() -> Path:
    import platformdirs

    return platformdirs.user_data_path("cyclekit") / "checksums.json"
