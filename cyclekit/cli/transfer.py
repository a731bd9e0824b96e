"""Shows how a transfer goes on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from cyclekit.cli.lines import one_line

if TYPE_CHECKING:
    from cyclekit.data.transfer import Progress


@contextmanager
def transfer_progress(name: str, quiet: bool) -> Iterator[Progress | None]:
    """Show a bar on stderr where it is a terminal, one plain line where it is not."""
    from rich.console import Console

    console = Console(stderr=True, quiet=quiet)
    if not console.is_terminal or quiet:
        yield _announcer(name, quiet)
        return
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    with Progress(*columns, TimeRemainingColumn(), console=console) as bar:
        task = bar.add_task(one_line(name).replace("[", "\\["), total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _announcer(name: str, quiet: bool) -> Progress | None:
    if quiet:
        return None
    told = False

    def announce(done: int, total: int | None) -> None:
        nonlocal told
        if not told:
            size = f", {total:,} bytes" if total else ""
            click.echo(one_line(f"fetching '{name}'{size}"), err=True)
        told = True

    return announce
