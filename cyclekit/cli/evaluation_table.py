"""Prints an evaluation: a table where people look, JSON lines where programs do."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from cyclekit.cli.tables import Cells, print_table

if TYPE_CHECKING:
    from cyclekit.evaluation.results import Evaluation


def print_json(found: Evaluation) -> None:
    """Print one object a line: scores, comparisons, seeds, then the protocol."""
    for line in found.lines:
        click.echo(json.dumps(line))
    click.echo(json.dumps({"kind": "protocol", **found.protocol, "notes": found.notes}))


def print_tables(found: Evaluation) -> None:
    """Print what was measured, what models differ by, and what seeds do."""
    print_table(*_scores(found))
    if found.repeated:
        print_table(*_seeds(found))
    if found.differences:
        print_table(*_differences(found))


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
