"""What an interrupted job leaves beside its output, and the next one goes on with."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any, Protocol

from av.error import FFmpegError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

from cyclekit.errors import MediaError
from cyclekit.media.atomic import replacing
from cyclekit.media.video.clip import Still
from cyclekit.media.video.window import Window

SEGMENT = 120
"""Frames in a segment: what an interruption costs, and how far key frames are apart at most."""
_SETTINGS = "settings.json"
_LOCK = "lock"


@dataclass(frozen=True)
class Segment:
    """A finished run of frames."""

    path: Path
    """Its file."""
    pts: tuple[int, ...]
    """When its frames are shown, in units of the clip's time base."""
    end: int
    """When the last of them goes."""
    delay: int = 0
    """By how many frames one is coded, at most, after its place on the screen."""


class Writer(Protocol):
    """Writes one segment."""

    def add(self, still: Still) -> None:
        """Write a frame."""

    def close(self) -> Segment:
        """Finish; what it returns is whole."""

    def abandon(self) -> None:
        """Stop in the middle."""


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
        self._lock: IO[bytes] | None = None
        try:
            self._open()
        except OSError as error:
            raise MediaError(f"{output}: cannot be written: {error.strerror or error}") from error

    def path(self, suffix: str) -> Path:
        """Name the file of the next segment."""
        return self.folder / f"{len(self.segments):06d}{suffix}"

    def add(self, segment: Segment) -> None:
        """Keep a finished segment."""
        entry = {**asdict(segment), "path": segment.path.name}
        with replacing(self.folder / f"{len(self.segments):06d}.json") as part:
            part.write_text(json.dumps(entry), encoding="utf-8")
        self.segments.append(segment)

    def remove(self) -> None:
        """Throw the folder away."""
        if self._lock:
            self._lock.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def can_go_on(self) -> bool:
        """Whether a later run could use what is here."""
        return self._settings is not None

    def _open(self) -> None:
        found = stored_settings(self.output)
        if self.folder.exists() and found is None and any(self.folder.iterdir()):
            raise MediaError(f"{self.folder}: this folder is in the way; move it elsewhere")
        if found is not None:
            self._hold()
            if found != self._settings:
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
                entry = json.loads(text)
                path = self.folder / Path(entry.pop("path")).name
                segments.append(Segment(path, tuple(entry.pop("pts")), **entry))
        return segments


def folder_of(output: Path) -> Path:
    """Return where unfinished work on an output lies."""
    return output.with_name(f"{output.name}.part")


def stored_settings(output: Path) -> dict[str, Any] | None:
    """Read the settings of unfinished work on an output; None if there is none."""
    try:
        found = json.loads((folder_of(output) / _SETTINGS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


class Segmented:
    """Writes frames in segments, and makes the output of them.

    Args:
        work: where finished segments are kept.
        begin: opens the writer of the next segment.
        finish: makes the output of all segments; returns what the user should know.
    """

    def __init__(
        self,
        work: Work,
        begin: Callable[[], Writer],
        finish: Callable[[Window], tuple[str, ...]],
    ) -> None:
        self._work = work
        self._begin = begin
        self._finish = finish
        self._writer: Writer | None = None
        self._count = 0
        self.done = sum(len(segment.pts) for segment in work.segments)

    def add(self, still: Still) -> None:
        """Write a frame, and keep the segment when it is full.

        Raises:
            MediaError: if the file system refuses.
        """
        with self._told():
            if self._writer is None:
                self._writer = self._begin()
            self._writer.add(still)
            self._count += 1
            if self._count == SEGMENT:
                self._keep()

    def finish(self, window: Window) -> tuple[str, ...]:
        """Make the output; nothing is left beside it.

        Raises:
            MediaError: if the file system refuses; finished segments then stay.
        """
        with self._told():
            if self._writer is not None:
                self._keep()
            notes = self._finish(window)
        self._work.remove()
        return notes

    def abandon(self) -> None:
        """Stop in the middle; finished segments stay if they can be gone on with."""
        if self._writer is not None:
            with suppress(FFmpegError, OSError):  # what went wrong before counts
                self._writer.abandon()
        if not self._work.can_go_on:
            self._work.remove()

    def _keep(self) -> None:
        assert self._writer is not None
        self._work.add(self._writer.close())
        self._writer, self._count = None, 0

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except (FFmpegError, OSError) as error:
            reason = error.strerror or error
            kept = ""
            if self._work.can_go_on and self._work.segments:
                kept = "; what is finished is kept, and the same command goes on from there"
            raise MediaError(f"{self._work.output}: cannot be written: {reason}{kept}") from error
