"""Checksums of what was fetched before, by address: a file that changed is noticed."""

from __future__ import annotations

import json
import os
from pathlib import Path

from cyclekit.errors import DataError
from cyclekit.media.nested import parse_json


def known(url: str) -> str | None:
    """Return the SHA-256 that a file had when it was first fetched, None before that.

    Raises:
        DataError: if the list of checksums is damaged.
    """
    return _all().get(url)


def remember(url: str, fetched: Path) -> None:
    """Keep the checksum of a file that has proved to be of use.

    Args:
        url: its address.
        fetched: what came from there.
    """
    import pooch

    place = file()
    place.parent.mkdir(parents=True, exist_ok=True)
    every = {**_all(), url: pooch.file_hash(str(fetched))}
    beside = place.with_name(f"{place.name}.{os.getpid()}.part")
    beside.write_text(json.dumps(every, indent=1) + "\n", encoding="utf-8")
    beside.replace(place)


def file() -> Path:
    """Return where the list lies."""
    import platformdirs

    return platformdirs.user_data_path("cyclekit") / "checksums.json"


def _all() -> dict[str, str]:
    place = file()
    if not place.exists():
        return {}
    try:
        found = parse_json(place.read_text(encoding="utf-8"))
    except ValueError:
        found = None
    if not isinstance(found, dict) or not all(isinstance(sha, str) for sha in found.values()):
        raise DataError(f"{place}: damaged, expected checksums by address as JSON; delete it")
    return found
