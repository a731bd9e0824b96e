"""Tables: drawn on a terminal, plain columns elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

Cells = Sequence[str]


def print_table(head: Cells, rows: Sequence[Cells]) -> None:
    """Print a table; columns that would be empty are left out."""
    kept = [place for place in range(len(head)) if any(row[place] for row in rows)]
    head, rows = [head[k] for k in kept], [[row[k] for k in kept] for row in rows]
    if sys.stdout.isatty():
        _print_rich(head, rows)
        return
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    for row in (head, *rows):
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        click.echo("  ".join(cells).rstrip())
    click.echo()


def _print_rich(head: Cells, rows: Sequence[Cells]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, show_edge=False)
    for place, title in enumerate(head):
        table.add_column(title, overflow="fold", ratio=None, no_wrap=place > 0)
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    Console().print(table)
