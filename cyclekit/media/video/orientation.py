"""Which way up a video is shown."""

from __future__ import annotations

import struct
from typing import Any

from av.video.frame import VideoFrame

UPRIGHT = 1
_TURNS = {  # where a step right and a step down on the stored frame lead on the screen
    ((1, 0), (0, 1)): 1,
    ((-1, 0), (0, 1)): 2,
    ((-1, 0), (0, -1)): 3,
    ((1, 0), (0, -1)): 4,
    ((0, 1), (1, 0)): 5,
    ((0, 1), (-1, 0)): 6,
    ((0, -1), (-1, 0)): 7,
    ((0, -1), (1, 0)): 8,
}


def orientation(frame: VideoFrame) -> int | None:
    """Read the display matrix of a decoded frame.

    Returns:
        The turn as EXIF numbers it, 1 to 8; None for an angle that is no quarter turn.
    """
    matrix: Any = frame.side_data.get("DISPLAYMATRIX")
    if matrix is None:
        return UPRIGHT
    a, b, _, c, d, *_ = struct.unpack("=9i", bytes(matrix))
    return _TURNS.get(((_sign(a), _sign(b)), (_sign(c), _sign(d))))


def swaps_sides(turn: int) -> bool:
    """Whether a turn, as EXIF numbers it, makes rows of columns."""
    return turn in (5, 6, 7, 8)


def _sign(value: int) -> int:
    return (value > 0) - (value < 0)
