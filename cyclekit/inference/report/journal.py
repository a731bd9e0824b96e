"""What is known of every picture, a line each, on disk: a page of any length needs no memory."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from cyclekit.errors import MediaError
from cyclekit.media.atomic import replacing


class Entry(BaseModel):
    """One picture, in words that any page may hold."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    key: str
    """Path of the output below the report's parent, quoted as in a URL; one for each picture."""
    name: str
    """The same, to be read."""
    input: str
    """Path of the input, to be read."""
    status: Literal["made", "kept", "failed"]
    """Made now, there already, or neither."""
    stamp: str = ""
    """State of the files that this was found from; empty if it must be found again."""
    width: int | None = None
    """Columns of the output."""
    height: int | None = None
    """Rows of the output."""
    seconds: float | None = None
    """Work on it, when it was made."""
    error: str | None = None
    """Why there is no output."""
    notes: tuple[str, ...] = ()
    """What the user should know."""
    before: str | None = None
    """Thumbnail of the input, a URL below the page's folder."""
    after: str | None = None
    """Thumbnail of the output, likewise."""
    cycle: str | None = None
    """Cycle-error map, likewise."""
    cycle_error: float | None = None
    """Mean cycle error in levels."""


class Journal:
    """Entries in a file; what an interrupted run wrote is found again.

    One thread may add while another recalls.

    Args:
        path: the file, one JSON object a line; made if absent.

    Raises:
        MediaError: if it cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._old: dict[str, int] = {}
        self._current = array("Q")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._writer = path.open("ab")
            self._reader = path.open("rb")
            self._end = self._index()
        except OSError as error:
            raise MediaError(f"{path}: cannot be written: {error.strerror or error}") from error

    def __enter__(self) -> Journal:
        """Return the journal itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the file. What a full disk does not take was told when it was added."""
        with suppress(OSError):
            self._writer.close()
        self._reader.close()

    def _index(self) -> int:
        """Note where the old entries are; return where the next one will be."""
        place, line = 0, b""
        for line in self._reader:
            entry = _parse(line)
            if entry is not None:
                self._old[entry.key] = place
            place += len(line)
        if place and not line.endswith(b"\n"):  # whoever wrote it was killed
            place += self._writer.write(b"\n")
        return place

    def recall(self, key: str, stamp: str) -> Entry | None:
        """Return what an earlier run found of a picture, if its files are the same still."""
        if key not in self._old:
            return None
        entry = self._at(self._old[key])
        return entry if entry is not None and entry.stamp == stamp else None

    def add(self, entry: Entry) -> None:
        """Append a line; it is on its way to the disk when this returns.

        Raises:
            MediaError: if it cannot be written.
        """
        try:
            line = _line(entry)
            self._writer.write(line)
            self._writer.flush()
        except OSError as error:
            raise MediaError(f"{self.path}: cannot be written: {error.strerror}") from error
        self._current.append(self._end)
        self._end += len(line)

    def entries(self) -> Iterator[Entry]:
        """Return what was added since the journal was opened, in order, read from the file."""
        found = (self._at(place) for place in self._current)
        return (entry for entry in found if entry is not None)

    def compact(self) -> None:
        """Forget all but what was added since the journal was opened.

        Raises:
            MediaError: if it cannot be written; the file stays as it was.
        """
        with replacing(self.path) as part, part.open("wb") as file:
            for entry in self.entries():
                file.write(_line(entry))

    def _at(self, place: int) -> Entry | None:
        self._reader.seek(place)
        return _parse(self._reader.readline())


def _line(entry: Entry) -> bytes:
    return entry.model_dump_json(exclude_defaults=True).encode() + b"\n"


def _parse(line: bytes) -> Entry | None:
    try:
        return Entry.model_validate_json(line)
    except ValidationError:
        return None
