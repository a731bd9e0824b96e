"""How the command ends when it is asked to: what is being written is finished, the rest is not."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn


class AskedToEnd(BaseException):
    """Somebody sent a signal that asks the process to end.

    Args:
        number: the signal's.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.exit_code = 128 + number


@contextmanager
def orderly_end() -> Iterator[None]:
    """Turn the signals of `kill`, and of a terminal that closes, into an exception.

    What is ignored (by `nohup`) or handled by somebody else stays so.
    """
    names = ("SIGTERM", "SIGHUP")  # Windows has no second
    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
    ours = [number for number in numbers if signal.getsignal(number) == signal.SIG_DFL]
    for number in ours:
        signal.signal(number, _end)
    try:
        yield
    finally:
        for number in ours:
            signal.signal(number, signal.SIG_DFL)


def _end(number: int, frame: FrameType | None) -> NoReturn:
    raise AskedToEnd(number)
