"""Opens whatever a user calls a video."""

from __future__ import annotations

import sys
from fractions import Fraction
from pathlib import Path

from cyclekit.errors import UsageError
from cyclekit.media.video.clip import Source
from cyclekit.media.video.file import VideoFile
from cyclekit.media.video.opening import DEFAULT_RATE
from cyclekit.media.video.pipes import PIPE, RawPipe
from cyclekit.media.video.sequence import PictureSequence, is_pattern
from cyclekit.media.video.webp import WebpFile
from cyclekit.media.video.y4m import Y4mPipe


def open_source(path: Path, rate: Fraction | None, raw_size: tuple[int, int] | None) -> Source:
    """Open a video.

    Args:
        path: a file, a pattern such as `frames/%06d.png`, or `-` for stdin.
        rate: frames a second, where the input does not say it; None for 25.
        raw_size: width and height of raw frames on stdin; None for y4m.

    Raises:
        UsageError: if rate or size are given where the input says them itself.
        MediaError: if it cannot be read.
    """
    if raw_size is not None and path != PIPE:
        raise UsageError("--raw-size is for raw frames on stdin; name the input -")
    if path == PIPE and raw_size is not None:
        return RawPipe(sys.stdin.buffer, raw_size, rate or DEFAULT_RATE)
    if is_pattern(path):
        return PictureSequence(path, rate or DEFAULT_RATE)
    if rate is not None:
        raise UsageError("--rate is for pictures and raw frames; this input has its own times")
    if path == PIPE:
        return Y4mPipe(sys.stdin.buffer)
    return WebpFile(path) if path.suffix.lower() == ".webp" else VideoFile(path)
