"""Animated WebP: FFmpeg writes it but cannot read it; Pillow can."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from cyclekit.errors import MediaError
from cyclekit.media.video.clip import PICTURES, Clip, Frame
from cyclekit.media.video.times import rising

MILLISECOND = Fraction(1, 1000)
_USUAL = 100


class WebpFile:
    """The frames of a WebP picture, animated or not.

    Args:
        path: the file.

    Raises:
        MediaError: if it cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.companions: Path | None = None
        self._early: str | None = None
        self.clip = Clip(1, 1, MILLISECOND, Fraction(1), alpha=True)  # until it is known
        with self._opened() as image:
            width, height = image.size
            loop = int(image.info.get("loop", 0))
        count, total, alpha = 0, 0, False
        for frame in self.frames():
            count, total = count + 1, frame.pts + frame.duration
            alpha = alpha or bool(frame.pixels()[..., 3].min() < 255)
        if not count:
            raise MediaError(f"{path}: no frame of it can be decoded")
        rate = Fraction(count * 1000, total)
        self.clip = Clip(
            width, height, MILLISECOND, rate, count, colour=PICTURES, alpha=alpha, loop=loop
        )

    def frames(self) -> Iterator[Frame]:
        """Decode all frames, in order; a file that breaks off ends there."""
        self._early = None
        yield from rising(self._frames(), _USUAL)

    def notes(self) -> tuple[str, ...]:
        """Say where the file breaks off, if it does."""
        return (self._early,) if self._early else ()

    def fingerprint(self) -> dict[str, Any]:
        """Return path, size and time of change."""
        found = self.path.stat()
        return {"path": str(self.path.resolve()), "size": found.st_size, "time": found.st_mtime_ns}

    def _opened(self) -> Image.Image:
        try:
            return Image.open(self.path, formats=["WEBP"])
        except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
            missing = "no such file or folder"
            reason = f"cannot be read: {error}" if self.path.exists() else missing
            raise MediaError(f"{self.path}: {reason}") from error

    def _frames(self) -> Iterator[Frame]:
        with self._opened() as image:
            for number in range(getattr(image, "n_frames", 1)):
                try:
                    image.seek(number)
                    pixels = np.asarray(image.convert("RGBA" if self.clip.alpha else "RGB"))
                except (OSError, EOFError, SyntaxError, ValueError) as error:
                    self._early = f"the file breaks off after {number} frames: {error}"
                    return
                times = image.info
                yield Frame(
                    int(times.get("timestamp", 0)),
                    int(times.get("duration", _USUAL)),
                    lambda pixels=pixels: pixels,  # type: ignore[misc]
                )


def set_last_duration(path: Path, milliseconds: int) -> None:
    """Correct how long the last frame of an animated WebP is shown: FFmpeg writes an average.

    Args:
        path: a file with ANMF chunks (https://developers.google.com/speed/webp/docs/riff_container).
        milliseconds: how long.
    """
    with path.open("r+b") as file:
        end = 8 + int.from_bytes(file.read(8)[4:], "little")
        at, last = 12, None
        while at + 8 <= end:
            file.seek(at)
            header = file.read(8)
            if header[:4] == b"ANMF":
                last = at + 8
            size = int.from_bytes(header[4:], "little")
            at += 8 + size + size % 2
        if last is not None:
            file.seek(last + 12)  # after x, y, width and height, 3 bytes each
            file.write(min(milliseconds, 2**24 - 1).to_bytes(3, "little"))
