"""Tells what becomes of many files: results on stdout, all else on stderr, the exit code."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

    from cyclekit.inference.results import Result

ALL_DONE, NOTHING_DONE, SOME_FAILED = 0, 1, 3
STDOUT = "-"
"""An output that is no file: the frames themselves are on stdout, and nothing else."""


class Report:
    """Shows results as they come, and counts them.

    Args:
        as_json: print one JSON object for every input instead of paths.
        quiet: show neither progress nor notes nor the summary.
    """

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
            self._say(text, to_stderr=True)

    def add(self, result: Result) -> None:
        """Count a result and show it."""
        self.made += not result.error and not result.skipped
        self.skipped += result.skipped
        self.failed += result.error is not None
        if self.as_json:
            self._say(json.dumps(result.as_dict()))
        elif not result.error and not result.skipped and str(result.output) != STDOUT:
            self._say(str(result.output))
        if result.error:
            self._say(f"error: {result.input}: {result.error}", to_stderr=True)
        for text in result.notes if not result.skipped else ():
            self.note(f"note: {result.input}: {text}")

    def watch(self, results: Iterable[Result], total: int) -> None:
        """Take in all results, with a progress bar where stderr is a terminal."""
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
            "translated": self.made,
            "skipped (already there)": self.skipped,
            "failed": self.failed,
        }
        parts = [f"{count} {what}" for what, count in counts.items() if count]
        seconds = time.perf_counter() - self._started
        self.note(f"{', '.join(parts) or 'nothing to do'} in {seconds:.1f} s")

    def _with_progress(self, results: Iterable[Result], total: int) -> Iterator[Result]:
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

    def _say(self, line: str, *, to_stderr: bool = False) -> None:
        """Print a line; above the bar, where both share a terminal."""
        if self._console is not None and (to_stderr or sys.stdout.isatty()):
            self._console.print(line, markup=False, highlight=False, emoji=False, soft_wrap=True)
        else:
            click.echo(line, err=to_stderr)


def _frame_bar(console: Console) -> Progress:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    from rich.progress import TimeElapsedColumn as Elapsed
    from rich.progress import TimeRemainingColumn as Remaining

    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("frames"), Elapsed(), Remaining())
    return Progress(
        *columns, TextColumn("{task.description}"), console=console, redirect_stdout=False
    )


def _bar(results: Iterable[Result], total: int, console: Console) -> Iterator[Result]:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    from rich.progress import TimeRemainingColumn as Remaining

    columns = (BarColumn(), MofNCompleteColumn(), Remaining(), TextColumn("{task.description}"))
    with Progress(*columns, console=console, redirect_stdout=False) as progress:
        task = progress.add_task("", total=total)
        for result in results:
            progress.update(task, advance=1, description=result.input.name.replace("[", "\\["))
            yield result
