"""Prints an evaluation: a table where people look, JSON lines where programs do."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from cyclekit.cli.lines import json_line, one_line

if TYPE_CHECKING:
    from cyclekit.evaluation.results import Evaluation

Cells = Sequence[str]


def print_json(found: Evaluation) -> None:
    """Print one object a line: scores, comparisons, seeds, then the protocol."""
    for line in found.lines:
        click.echo(json_line(line))
    click.echo(json_line({"kind": "protocol", **found.protocol, "notes": found.notes}))


def print_tables(found: Evaluation) -> None:
    """Print what was measured, what models differ by, and what seeds do."""
    print_cells(*_scores(found))
    if found.repeated:
        print_cells(*_seeds(found))
    if found.differences:
        print_cells(*_differences(found))


def _scores(found: Evaluation) -> tuple[Cells, list[Cells]]:
    from cyclekit.evaluation.report import show, show_change, show_estimate, show_like

    head = ["score", "better", "model", "value", "floor", "floor of", "at floor's counts", "doing nothing",
            "JPEG 90"]  # fmt: skip
    rows: list[Cells] = []
    last = ""
    for score in found.scores:
        counts = score.floor_counts
        rows.append([
            *(("", "") if score.key == last else (score.name, score.better)), score.model,
            show(score.value, score.error), show_estimate(score.floor),
            f"{counts[0]} vs {counts[1]}" if counts else "",
            show_like(score.at_floor_counts, score),
            show_like(score.nothing, score), show_change(score.jpeg),
        ])  # fmt: skip
        last = score.key
    return head, rows


def _seeds(found: Evaluation) -> tuple[Cells, list[Cells]]:
    from cyclekit.evaluation.report import show_estimate

    rows: list[Cells] = [
        [row.name, str(len(row.models)), show_estimate(row.spread)] for row in found.repeated
    ]
    return ["score, over runs of one recipe", "runs", "mean and deviation"], rows


def _differences(found: Evaluation) -> tuple[Cells, list[Cells]]:
    from cyclekit.evaluation.report import show_change

    head = ["score, paired permutation test", "first", "second", "difference", "inputs", "p"]
    rows: list[Cells] = [
        [row.name, *row.models, show_change(row.test.difference), str(row.inputs),
         f"{row.test.p_value:.3f}"]
        for row in found.differences
    ]  # fmt: skip
    return head, rows


def print_cells(head: Cells, rows: list[Cells]) -> None:
    """Print a table; columns that would be empty are left out."""
    rows = [[one_line(cell) for cell in row] for row in rows]
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


def _print_rich(head: Cells, rows: list[Cells]) -> None:
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
