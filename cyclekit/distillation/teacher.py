"""Who teaches: any model that translates, seen from outside only."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from cyclekit.errors import CheckpointError
from cyclekit.hub.open import open_generator
from cyclekit.inference.translator import Translator
from cyclekit.pixels import Array


@dataclass(frozen=True)
class Teacher:
    """A translator whose pictures a student learns to make."""

    stream: Callable[[Iterable[Array]], Iterator[Array]]
    """Translates pictures, uint8 RGB (H, W, 3), one for each, of the same size."""
    names: tuple[str, str]
    """The domains that it turns from and to."""
    title: str
    """What to call it: the name of its file."""
    identity: str
    """What its pictures depend on beside the picture; a name of a folder."""
    note: str
    """Where and how it runs, for the user."""

    @property
    def name(self) -> str:
        """What a student's header says of it."""
        return f"{self.title} ({self.identity})"


def open_teacher(
    source: str | Path, direction: str | None = None, style: int | None = None, device: str = "auto"
) -> Teacher:
    """Open a model for teaching.

    Args:
        source: whatever `cyclekit.load` reads.
        direction: as there.
        style: as there.
        device: where it runs.

    Raises:
        UsageError: if there is no such model, direction or style.
        CheckpointError: if the model cannot be used.
    """
    opened = open_generator(source, direction, style)
    translator = Translator(opened.generator, device=device)
    ways = [opened.direction] if style is None else [opened.direction, str(style)]
    return Teacher(
        stream=translator.stream,
        names=opened.names,
        title=opened.path.name,
        # Not the number format: any that is chosen by itself is within a level of the others.
        identity="-".join([_digest(opened.path), *ways]),
        note=f"on {translator.device} in {translator.precision}",
    )


def _digest(path: Path) -> str:
    """Return the first digits of the checksum of a model's file, and of weights that lie beside."""
    digest = hashlib.sha256()
    try:
        for part in (path, path.with_suffix(".bin"), path.with_name(f"{path.name}.data")):
            if part == path or part.is_file():
                with part.open("rb") as file:
                    digest.update(hashlib.file_digest(file, "sha256").digest())
    except OSError as error:
        raise CheckpointError(f"{path}: cannot be read: {error.strerror or error}") from error
    return digest.hexdigest()[:16]
