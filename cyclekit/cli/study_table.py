"""Prints a study's findings: a table where people look, JSON lines where programs do."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from cyclekit.cli.evaluation_table import Cells, print_cells

if TYPE_CHECKING:
    from cyclekit.evaluation.study.findings import Findings


def print_json(found: Findings) -> None:
    """Print one object a line: methods, comparisons, participants."""
    for line in found.lines:
        click.echo(json.dumps(line))


def print_tables(found: Findings) -> None:
    """Print how often methods fooled people, and what methods differ by."""
    print_cells(*_rates(found))
    if found.contrasts:
        print_cells(*_contrasts(found))


def _rates(found: Findings) -> tuple[Cells, list[Cells]]:
    from cyclekit.evaluation.study.words import between, percent, probability, seconds

    head = ["method", "fooling rate", "95 %", "p (50 %)", "participants", "trials", "median time",
            "when right", "when fooled"]  # fmt: skip
    rows: list[Cells] = [
        [rate.method, percent(rate.rate), between(rate.interval), probability(rate.p_value),
         str(rate.participants), str(rate.trials), seconds(rate.seconds and rate.seconds[1]),
         seconds(rate.seconds_right), seconds(rate.seconds_fooled)]
        for rate in found.rates
    ]  # fmt: skip
    return head, rows


def _contrasts(found: Findings) -> tuple[Cells, list[Cells]]:
    from cyclekit.evaluation.study.words import between, percent, points, probability

    head = ["first", "second", "difference, points", "95 %", "first above", "p"]
    rows: list[Cells] = [
        [*row.methods, points(row.difference), between(row.interval), percent(row.above),
         probability(row.p_value)]
        for row in found.contrasts
    ]  # fmt: skip
    return head, rows
