"""What an interrupted job leaves beside its output, and the next one goes on with."""

from __future__ import annotations

import json
import re
import shutil
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

from cyclekit.errors import MediaError
from cyclekit.media.atomic import PART, beside, replacing
from cyclekit.media.nested import parse_json

SEGMENT = 120
"""Frames in a segment: what an interruption costs, and how far key frames are apart at most."""
_SETTINGS = "settings.json"
_LOCK = "lock"
_OURS = re.compile(
    rf"(lock|settings\.json|\d{{6}}\.(json|mp4|memory)|joined\.\w+)({re.escape(PART)})?"
)


@dataclass(frozen=True)
class Segment:
    """A finished run of frames."""

    file: str
    """Its name in the folder; empty where every frame has a file of its own, elsewhere."""
    pts: tuple[int, ...]
    """When its frames are shown, in units of the clip's time base."""
    end: int
    """When the last of them goes."""
    delay: int = 0
    """By how many frames one is coded, at most, after its place on the screen."""


class Work:
    """A folder beside an output, with the segments that are finished.

    Args:
        output: what will be made of them.
        settings: all that they depend on, ready for JSON; segments made under other settings are
            thrown away. None if nothing can be gone on with later.

    Raises:
        MediaError: if the folder cannot be made, or belongs to somebody else.
    """

    def __init__(self, output: Path, settings: dict[str, Any] | None) -> None:
        self.output = output
        self.folder = folder_of(output)
        self._settings = json.loads(json.dumps(settings))
        self.segments: list[Segment] = []
        self.found = self.folder.exists()
        """Whether an earlier run has left something."""
        self._lock: IO[bytes] | None = None
        try:
            self._open()
        except MediaError:
            self.release()
            raise
        except OSError as error:
            self.release()
            raise MediaError(f"{output}: cannot be written: {error.strerror or error}") from error

    def path(self, suffix: str) -> Path:
        """Name the file of the next segment."""
        return self.folder / f"{len(self.segments):06d}{suffix}"

    def add(self, segment: Segment) -> None:
        """Keep a finished segment."""
        with replacing(self.folder / f"{len(self.segments):06d}.json") as part:
            part.write_text(json.dumps(asdict(segment)), encoding="utf-8")
        self.segments.append(segment)

    def remember(self, memory: bytes) -> None:
        """Keep what the translation remembers after the segments that are finished."""
        number = len(self.segments)
        with replacing(self._memory(number)) as part:
            part.write_bytes(memory)
        self._memory(number - 2).unlink(missing_ok=True)  # the one before may yet be needed

    def recall(self) -> bytes | None:
        """Return what the translation remembered after the segments that are finished."""
        try:
            return self._memory(len(self.segments)).read_bytes()
        except OSError:
            return None

    def forget_last(self) -> None:
        """Give the last segment up: it cannot be gone on from."""
        number = len(self.segments) - 1
        (self.folder / f"{number:06d}.json").unlink(missing_ok=True)
        self.segments.pop()

    def _memory(self, number: int) -> Path:
        return self.folder / f"{max(0, number):06d}.memory"

    def remove(self) -> None:
        """Throw the folder away."""
        self.release()
        shutil.rmtree(self.folder, ignore_errors=True)

    def release(self) -> None:
        """Let others work on it."""
        if self._lock:
            self._lock.close()

    @property
    def can_go_on(self) -> bool:
        """Whether a later run could use what is here."""
        return self._settings is not None

    def _open(self) -> None:
        found = stored_settings(self.output)
        if self.folder.exists() and not all(map(_is_ours, self.folder.iterdir())):
            raise MediaError(f"{self.folder}: this folder is in the way; move it elsewhere")
        if self.folder.exists() and (found is None or found != self._settings):
            self._hold()
            self.remove()
        self.folder.mkdir(parents=True, exist_ok=True)
        self._hold()
        if self._settings == found:
            self.segments = self._finished()
        else:
            with replacing(self.folder / _SETTINGS) as part:
                part.write_text(json.dumps(self._settings), encoding="utf-8")

    def _hold(self) -> None:
        """Keep others off the folder while this process lives, where the system can."""
        if fcntl is None or (self._lock and not self._lock.closed):
            return
        self._lock = (self.folder / _LOCK).open("wb")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise MediaError(f"{self.output}: another run is at work on it") from error

    def _finished(self) -> list[Segment]:
        """Read the segments from the first on, up to one that is not whole."""
        segments: list[Segment] = []
        with suppress(OSError, ValueError, KeyError, TypeError):
            while True:
                number = len(segments)
                text = (self.folder / f"{number:06d}.json").read_text(encoding="utf-8")
                entry = parse_json(text)
                segment = Segment(
                    Path(entry["file"]).name, tuple(entry["pts"]), entry["end"], entry["delay"]
                )
                (self.folder / segment.file).stat()
                segments.append(segment)
        return segments


def _is_ours(path: Path) -> bool:
    return _OURS.fullmatch(path.name) is not None


def folder_of(output: Path) -> Path:
    """Return where unfinished work on an output lies."""
    return beside(output, ".part")


def stored_settings(output: Path) -> dict[str, Any] | None:
    """Read the settings of unfinished work on an output; None if there is none."""
    try:
        found = parse_json((folder_of(output) / _SETTINGS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None
