"""How large a network's input can be so that it keeps up."""

from __future__ import annotations

GRID = 16
"""Pixels between two sizes of the longer side."""
SMALLEST = 64
"""Pixels of the longer side below which nothing could be recognised."""
MARGIN = 0.85
"""Part of the time that may be used: the rest is for what else the machine does."""
ROOM = 0.7
"""Part of the usable time below which a larger input is tried."""
CALM = 4
"""Frames of one size before a larger one is tried."""
FIRST = 128
"""Pixels of the longer side to begin with: small enough for any machine."""


class InputSize:
    """Begins small, shrinks at once where a frame takes too long, grows where there is time.

    The time is taken to be proportional to the number of pixels. The first frame of a size is not
    counted: libraries prepare themselves for it.

    Args:
        width: columns of the source.
        height: rows of the source.
        seconds: what one frame may take.
        most: most pixels of the longer side; None for those of the source.
    """

    def __init__(self, width: int, height: int, seconds: float, most: int | None = None) -> None:
        self._source = (width, height)
        self._seconds = seconds * MARGIN
        self._most = min(max(width, height), most or max(width, height))
        self._least = min(SMALLEST, self._most)
        self._longer = min(self._most, FIRST)
        self._taken: list[float] = []
        self._fresh = True

    @property
    def now(self) -> tuple[int, int]:
        """Width and height, of the source's shape."""
        scale = self._longer / max(self._source)
        width, height = (max(1, round(side * scale)) for side in self._source)
        return width, height

    @property
    def is_least(self) -> bool:
        """Whether it cannot become smaller."""
        return self._longer == self._least

    def tell(self, seconds: float) -> None:
        """Learn what a frame of this size took."""
        if self._fresh and seconds < 4 * self._seconds:
            self._fresh = False
            return
        self._fresh = False
        self._taken = [*self._taken, seconds][-CALM:]
        usual = sorted(self._taken)[len(self._taken) // 2]
        late = len(self._taken) >= 2 and min(self._taken[-2:]) > self._seconds
        if late or seconds > 4 * self._seconds:
            self._change(seconds)
        elif len(self._taken) == CALM and usual < ROOM * self._seconds:
            self._change(usual)

    def _change(self, seconds: float) -> None:
        """Go towards the size that would have used the time: a single slow frame may mean nothing."""
        factor = min(1.5, max(0.5, (0.9 * self._seconds / seconds) ** 0.5))
        wanted = int(self._longer * factor / GRID) * GRID
        longer = max(self._least, min(self._most, wanted))
        if longer != self._longer:
            self._longer, self._taken, self._fresh = longer, [], True
        else:
            self._taken = []


def time_for_a_frame(rate: float, latency: float, source_rate: float) -> float:
    """Return the seconds that a frame may take.

    A frame is at most as old as the time between two of the source when the network takes it.

    Args:
        rate: frames wanted in a second.
        latency: seconds that may lie between a frame and its translation.
        source_rate: frames that come in a second.
    """
    return min(1 / rate, max(latency - 1 / source_rate, latency / 5))
