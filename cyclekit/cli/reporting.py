"""Tells what becomes of many files: results on stdout, all else on stderr, the exit code."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import click

from cyclekit.cli.lines import json_line, one_line
from cyclekit.cli.quiet_libraries import quiet_libraries

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

ALL_DONE, NOTHING_DONE, SOME_FAILED = 0, 1, 3
STDOUT = "-"
"""An output that is no file: the frames themselves are on stdout, and nothing else."""


class Outcome(Protocol):
    """What became of one input."""

    @property
    def input(self) -> Path:
        """The file that was read."""

    @property
    def output(self) -> Path:
        """The file that was written, or would have been."""

    @property
    def error(self) -> str | None:
        """Why it failed; None if it did not."""

    @property
    def skipped(self) -> bool:
        """Whether the output was there already."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What the user should know."""

    def as_dict(self) -> dict[str, Any]:
        """Return what applies, ready for JSON."""


Some = TypeVar("Some", bound=Outcome)


class Report:
    """Shows results as they come, and counts them.

    Args:
        as_json: print one JSON object for every input instead of paths.
        quiet: show neither progress nor notes nor the summary.
    """

    did = "translated"

    def __init__(self, as_json: bool, quiet: bool) -> None:
        self.as_json = as_json
        self.quiet = quiet
        self.made = self.skipped = self.failed = 0
        self._started = time.perf_counter()
        self._console: Console | None = None

    @property
    def exit_code(self) -> int:
        """0 all done, 1 nothing done, 3 some failed."""
        if not self.failed:
            return ALL_DONE
        return SOME_FAILED if self.made or self.skipped else NOTHING_DONE

    def note(self, text: str) -> None:
        """Show a line on stderr unless quiet."""
        if not self.quiet:
            self.say(text, to_stderr=True)

    def fail(self, text: str) -> None:
        """Show what went wrong beside the inputs; the exit code is then not 0."""
        self.failed += 1
        self.say(f"error: {text}", to_stderr=True)

    def add(self, result: Outcome) -> None:
        """Count a result and show it."""
        self.made += not result.error and not result.skipped
        self.skipped += result.skipped
        self.failed += result.error is not None
        self.show(result)
        if result.error:
            self.say(f"error: {result.input}: {result.error}", to_stderr=True)
        for text in result.notes if not result.skipped else ():
            self.note(f"note: {result.input}: {text}")

    def show(self, result: Outcome) -> None:
        """Print a result."""
        if self.as_json:
            self.say(json_line(result.as_dict()))
        elif not result.error and not result.skipped and str(result.output) != STDOUT:
            self.say(str(result.output))

    def watch(self, results: Iterable[Outcome], total: int | None) -> None:
        """Take in all results, with a progress bar where stderr is a terminal."""
        with quiet_libraries():
            for result in self._with_progress(results, total):
                self.add(result)
        self.summarise()

    @contextmanager
    def counting(self, name: str, total: int | None) -> Iterator[Callable[[int], object]]:
        """Show how many frames are done, where stderr is a terminal.

        Args:
            name: of the file.
            total: frames in all, if that is known.

        Yields:
            What to call with the number of frames that are done.
        """
        from rich.console import Console

        console = Console(stderr=True)
        if self.quiet or not console.is_terminal:
            yield lambda frames: None
            return
        with _frame_bar(console) as progress:
            task = progress.add_task(name.replace("[", "\\["), total=total)
            yield lambda frames: progress.update(task, completed=frames)

    def summarise(self) -> None:
        """Show the counts in one line."""
        counts = {
            self.did: self.made,
            "skipped (already there)": self.skipped,
            "failed": self.failed,
        }
        parts = [f"{count} {what}" for what, count in counts.items() if count]
        seconds = time.perf_counter() - self._started
        self.note(f"{', '.join(parts) or 'nothing to do'} in {seconds:.1f} s")

    def _with_progress(self, results: Iterable[Some], total: int | None) -> Iterator[Some]:
        from rich.console import Console

        console = Console(stderr=True)
        if self.quiet or not console.is_terminal:
            yield from results
            return
        self._console = console
        try:
            yield from _bar(results, total, console)
        finally:
            self._console = None

    def say(self, line: str, *, to_stderr: bool = False) -> None:
        """Print a line; above the bar, where both share a terminal.

        Only to a pipe or a file names go as they are: there they are data.
        """
        if to_stderr or sys.stdout.isatty():
            line = one_line(line)
        if self._console is not None and (to_stderr or sys.stdout.isatty()):
            self._console.print(line, markup=False, highlight=False, emoji=False, soft_wrap=True)
        else:
            click.echo(line, err=to_stderr, color=True)  # else it cuts names that look like colours


def _frame_bar(console: Console) -> Progress:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    from rich.progress import TimeElapsedColumn as Elapsed
    from rich.progress import TimeRemainingColumn as Remaining

    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("frames"), Elapsed(), Remaining())
    return Progress(
        *columns, TextColumn("{task.description}"), console=console, redirect_stdout=False
    )


def _bar(results: Iterable[Some], total: int | None, console: Console) -> Iterator[Some]:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    from rich.progress import TimeRemainingColumn as Remaining

    columns = (BarColumn(), MofNCompleteColumn(), Remaining(), TextColumn("{task.description}"))
    with Progress(*columns, console=console, redirect_stdout=False) as progress:
        task = progress.add_task("", total=total)
        for result in results:
            name = one_line(result.input.name).replace("[", "\\[")
            progress.update(task, advance=1, description=name)
            yield result
