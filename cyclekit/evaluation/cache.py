"""Features that were computed once, kept by what the picture's file holds."""

from __future__ import annotations

import hashlib
import sqlite3
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float32] | NDArray[np.float16]


class FeatureCache:
    """A table in the user's cache folder; where it cannot be used, nothing is kept.

    Only speed depends on it: a damaged file is thrown away, a damaged row is not believed, a folder
    that cannot be written is left alone. May be used from several threads and by several processes.

    Args:
        folder: of the user's cache; None keeps nothing.
        identity: what features depend on beside the picture: network, weights, resize.
    """

    def __init__(self, folder: Path | None, identity: str) -> None:
        self._lock = threading.Lock()
        self._table = None if folder is None else _open(folder / "features" / f"{identity}.sqlite")

    def get(self, key: str, length: int | None = None) -> Vector | None:
        """Return what was kept under a key; None if nothing, or not `length` numbers."""
        if self._table is None:
            return None
        with self._lock, suppress(sqlite3.Error):
            row = self._table.execute(
                "SELECT type, data, digest FROM kept WHERE key = ?", (key,)
            ).fetchone()
            if row is not None and _is_whole(key, *row):
                vector: Vector = np.frombuffer(row[1], np.dtype(row[0]))
                if length in (None, len(vector)):
                    return vector
        return None

    def put(self, vectors: Mapping[str, Vector]) -> None:
        """Keep vectors by key."""
        if self._table is None:
            return
        rows = [_row(key, str(vector.dtype), vector.tobytes()) for key, vector in vectors.items()]
        with self._lock, suppress(sqlite3.Error), self._table:
            self._table.executemany("INSERT OR REPLACE INTO kept VALUES (?, ?, ?, ?)", rows)

    def close(self) -> None:
        """Release the file."""
        if self._table is not None:
            self._table.close()


def _row(key: str, kind: str, data: bytes) -> tuple[str, str, bytes, bytes]:
    digest = hashlib.blake2b(f"{key} {kind} ".encode() + data, digest_size=16)
    return key, kind, data, digest.digest()


def _is_whole(key: str, kind: Any, data: Any, digest: Any) -> bool:
    """Whether a row holds what was put: a wrong feature would go into scores unseen."""
    known = kind in ("float32", "float16") and isinstance(data, bytes)
    return known and _row(key, kind, data)[3] == digest


def _open(path: Path) -> sqlite3.Connection | None:
    for _ in range(2):
        with suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
        try:
            return _connect(path)
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):  # the disk, not the file
                return None
            with suppress(OSError):
                path.unlink()
    return None


def _connect(path: Path) -> sqlite3.Connection:
    table = sqlite3.connect(path, timeout=10, check_same_thread=False)
    try:
        table.execute(
            "CREATE TABLE IF NOT EXISTS kept"
            " (key TEXT PRIMARY KEY, type TEXT, data BLOB, digest BLOB)"
        )
        table.execute("SELECT key, type, data, digest FROM kept LIMIT 1").fetchone()
    except sqlite3.DatabaseError:
        table.close()
        raise
    return table
