"""What a teacher made of pictures, kept on disk: found by what is in the picture."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cyclekit.media.atomic import sweep
from cyclekit.media.images import Picture, write

Pixels = NDArray[np.uint8]


class Targets:
    """A folder of lossless pictures a teacher, with a bound on all of them together.

    A file is there whole or not at all, so that whatever ended a run, the next one goes on. Nothing
    is ever deleted: another run may be learning from it.

    Args:
        folder: of all teachers' pictures.
        identity: of the teacher; the name of its folder.
        limit: most bytes of all pictures in `folder`.
    """

    def __init__(self, folder: Path, identity: str, limit: int) -> None:
        self.folder, self.limit = folder, limit
        self._own = folder / identity
        sweep(self._own)
        self.bytes = sum(file.stat().st_size for file in folder.glob("*/*.png"))

    @property
    def is_full(self) -> bool:
        """Whether nothing more is kept."""
        return self.bytes >= self.limit

    def find(self, picture: Pixels) -> Path | None:
        """Return the file of what the teacher made of a picture, None if there is none yet."""
        path = self._path(picture)
        return path if path.is_file() else None

    def keep(self, picture: Pixels, made: Pixels) -> Path:
        """Write what the teacher made of a picture.

        Raises:
            MediaError: if it cannot be written.
        """
        path = self._path(picture)
        write(path, Picture(made))
        self.bytes += path.stat().st_size
        return path

    def _path(self, picture: Pixels) -> Path:
        """Name a picture by its pixels: the file's name, place and format do not matter."""
        digest = hashlib.sha256(repr(picture.shape).encode())
        digest.update(np.ascontiguousarray(picture).data)
        return self._own / f"{digest.hexdigest()[:40]}.png"
