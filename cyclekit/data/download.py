"""Fetch a public dataset: resume, verify, unpack."""

from __future__ import annotations

from pathlib import Path

from cyclekit.data import checksums
from cyclekit.data.archives import unpack
from cyclekit.data.catalogue import Entry
from cyclekit.data.transfer import Progress, fetch
from cyclekit.errors import DataError


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
        fetch(address, archive, checksum=entry.sha256, progress=progress)
        unpack(archive, target)
        checksums.remember(address, archive)
        archive.unlink()
    except OSError as error:
        raise DataError(f"cannot keep '{entry.name}' in {folder}: {error}") from error
    return target
