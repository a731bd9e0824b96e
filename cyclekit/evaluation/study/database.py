"""The file that holds participants and answers; what has been written is on the disk."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from cyclekit.errors import DataError

Row = sqlite3.Row
_PATIENCE = 30.0  # seconds that one participant waits for another's answer to be written
_TABLES = (
    """CREATE TABLE IF NOT EXISTS participants (
    number INTEGER PRIMARY KEY, token TEXT NOT NULL UNIQUE, method TEXT NOT NULL,
    joined TEXT NOT NULL, seen TEXT NOT NULL, finished TEXT, comment TEXT, screen TEXT)""",
    """CREATE TABLE IF NOT EXISTS trials (
    participant INTEGER NOT NULL REFERENCES participants, number INTEGER NOT NULL,
    kind TEXT NOT NULL, real TEXT NOT NULL, fake TEXT NOT NULL, real_side TEXT NOT NULL,
    started TEXT, shown TEXT, interrupted TEXT, answered TEXT,
    choice TEXT, reaction_ms REAL, left_ms REAL, right_ms REAL,
    PRIMARY KEY (participant, number)) WITHOUT ROWID""",
)


class Database:
    """Opens the file anew for everything: threads and processes share it without sharing more.

    Args:
        path: the file; made if absent.

    Raises:
        DataError: if it cannot be used.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with self.writing() as base:
            for statement in _TABLES:
                base.execute(statement)

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Let nobody else write meanwhile; all is written when the block ends, or nothing."""
        with self.reading() as base:
            base.execute("BEGIN IMMEDIATE")
            try:
                yield base
            except BaseException:
                base.execute("ROLLBACK")
                raise
            base.execute("COMMIT")

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Open the file."""
        try:
            connection = sqlite3.connect(self.path, timeout=_PATIENCE, isolation_level=None)
            with closing(connection) as base:
                base.row_factory = Row
                base.execute("PRAGMA synchronous = FULL")  # an answer survives a power cut
                yield base
        except sqlite3.Error as error:
            raise DataError(f"{self.path}: cannot be used: {error}") from error
