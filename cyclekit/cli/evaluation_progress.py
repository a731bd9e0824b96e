"""Shows how a measurement goes on: a bar with the time left, or one line a stage."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

import click

from cyclekit.cli.lines import one_line

T = TypeVar("T")


class EvaluationProgress:
    """Listens to a measurement.

    Args:
        quiet: show failures only.
    """

    def __init__(self, quiet: bool) -> None:
        self.quiet = quiet
        self.failures: dict[str, None] = {}

    def watch(self, items: Iterable[T], what: str, total: int) -> Iterator[T]:
        """Pass items on; on a terminal, show a bar."""
        from rich.console import Console

        console = Console(stderr=True)
        if self.quiet or not console.is_terminal:
            self.note(f"{what}: {total} pictures")
            yield from items
            return
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
        from rich.progress import TimeRemainingColumn as Remaining

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), Remaining())
        with Progress(*columns, console=console, transient=True) as progress:
            yield from progress.track(items, total=total, description=what.replace("[", "\\["))

    def failed(self, message: str) -> None:
        """Name a picture that could not be used, once."""
        if message not in self.failures:
            self.failures[message] = None
            click.echo(f"error: {one_line(message)}", err=True)

    def note(self, message: str) -> None:
        """Show a line on stderr unless quiet."""
        if not self.quiet:
            click.echo(one_line(message), err=True)
