"""What a person sees of a run, on stderr."""

from __future__ import annotations

import signal
import sys
import time
from types import FrameType, TracebackType
from typing import Any, NoReturn

from rich.console import Console
from rich.progress import BarColumn, TaskID, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from cyclekit.cli.signals import AskedToEnd
from cyclekit.training.listener import Listener, Tick
from cyclekit.training.progress import Progress


class TrainingReport(Listener):
    """A bar with losses, speed and time left; plain lines where there is no terminal.

    Args:
        quiet: show nothing.
    """

    def __init__(self, quiet: bool) -> None:
        self.quiet = quiet
        self.console = Console(stderr=True, quiet=quiet)
        self.bar: Bar | None = None
        self.task: TaskID | None = None

    def __enter__(self) -> TrainingReport:
        if self.console.is_terminal and not self.quiet:
            self.bar = Bar(
                BarColumn(),
                TextColumn("{task.completed}/{task.total} images"),
                TimeRemainingColumn(),
                TextColumn("{task.description}"),
                console=self.console,
            )
            self.bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.bar:
            self.bar.stop()

    def start(self, progress: Progress) -> None:
        """Say where the run begins."""
        if progress.images:
            self.note(f"going on at {progress.images} images")
        if self.bar:
            self.task = self.bar.add_task("", total=progress.total, completed=progress.images)

    def tick(self, tick: Tick) -> None:
        """Show losses, speed and time left."""
        losses = " ".join(f"{name} {value:.3f}" for name, value in tick.losses.items())
        text = f"{tick.speed:.2f} images/s  {losses}"
        if self.bar and self.task is not None:
            progress = tick.progress
            self.bar.update(
                self.task, completed=progress.images, total=progress.total, description=text
            )
        elif not self.quiet:
            sys.stderr.write(f"{_where(tick)}  {text}\n")
            sys.stderr.flush()

    def note(self, message: str) -> None:
        """Print one line."""
        self.console.print(message, highlight=False, markup=False, soft_wrap=True)


class Interruption:
    """Turns the first Ctrl-C (or SIGTERM) into a wish; the second one ends the run at once.

    Under torchrun a single Ctrl-C comes twice, from the terminal and from torchrun, so that what
    comes within `TWICE` seconds of the first is the same wish.
    """

    TWICE = 1.0

    def __init__(self) -> None:
        self.asked = False
        self._by, self._since = int(signal.SIGINT), 0.0
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Interruption:
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, self._ask)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def leave(self) -> NoReturn:
        """End as the signal says that asked first."""
        if self._by == signal.SIGINT:
            raise KeyboardInterrupt
        raise AskedToEnd(self._by)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        if self.asked:
            if now - self._since > self.TWICE:
                self.leave()
            return
        self.asked, self._by, self._since = True, number, now
        sys.stderr.write("saving after this step; once more to stop at once\n")


def _where(tick: Tick) -> str:
    progress = tick.progress
    if not progress.total or not tick.speed:
        return f"{progress.images} images"
    left = round((progress.total - progress.images) / tick.speed)
    hours, rest = divmod(left, 3600)
    return (
        f"{progress.images}/{progress.total} images  {hours}:{rest // 60:02d}:{rest % 60:02d} left"
    )
