"""`cyclekit evaluate --video`: how steady translated films are beside their sources."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cyclekit.cli.lines import json_line, one_line
from cyclekit.errors import DataError, MediaError, UsageError

if TYPE_CHECKING:
    from cyclekit.evaluation.film import FilmScores

_NOT_BESIDE = {
    "runs": "RUN", "real": "--real", "fakes": "--fake", "source": "--source", "train": "--train",
    "models": "-m", "roots": "--data", "file": "--features-file", "seeds": "--seeds",
    "names": "--names", "direction": "--direction",
}  # fmt: skip
NOTHING_DONE, SOME_FAILED = 1, 3


def evaluate_films(
    pairs: Sequence[tuple[Path, Path]], output: Path | None, given: dict[str, Any], *,
    as_json: bool, quiet: bool,
) -> int:  # fmt: skip
    """Measure each result beside its source; print and draw what was found.

    Args:
        pairs: source and result.
        output: folder for plot and numbers, or None.
        given: the command's other options; none of them may be used.
        as_json: print JSON lines instead of tables.
        quiet: show errors only.

    Returns:
        The exit code.

    Raises:
        UsageError: if something else is to be measured too.
        MediaError: if the plot cannot be written.
    """
    _check(pairs, given)
    films, failures = _measured(pairs, as_json, quiet)
    for film in films:
        _print_json(film) if as_json else _print_table(film)
        if film.cuts and not quiet:
            cuts = f"{film.cuts} cut{'s' * (film.cuts > 1)}"
            click.echo(one_line(f"note: {film.source}: {cuts} left out"), err=True)
    if films and output is not None:
        from cyclekit.evaluation.film_report import write_film_report

        plot = write_film_report(films, output)
        if not quiet:
            click.echo(f"plot: {plot}", err=True)
    return 0 if not failures else SOME_FAILED if films else NOTHING_DONE


def _check(pairs: Sequence[tuple[Path, Path]], given: dict[str, Any]) -> None:
    for name, option in _NOT_BESIDE.items():
        if given[name]:
            raise UsageError(f"--video measures films, {option} pictures; drop one")
    results = [result for _, result in pairs]
    for place, result in enumerate(results):
        if result in results[:place]:
            raise UsageError(f"--video: {result} is measured twice; leave one out")


def _measured(
    pairs: Sequence[tuple[Path, Path]], as_json: bool, quiet: bool
) -> tuple[list[FilmScores], int]:
    """Measure what can be measured; tell what cannot, a line each."""
    from cyclekit.cli.reporting import Report
    from cyclekit.evaluation.film import measure_film

    report = Report(as_json, quiet)
    films, failures = [], 0
    for source, result in pairs:
        try:
            with report.counting(result.name, None) as watch:
                films.append(measure_film(source, result, watch))
        except (MediaError, DataError) as error:
            failures += 1
            click.echo(f"error: {one_line(str(error))}", err=True)
    return films, failures


def _print_json(film: FilmScores) -> None:
    from cyclekit.evaluation.film_report import film_lines

    for line in film_lines([film]):
        click.echo(json_line(line))


def _print_table(film: FilmScores) -> None:
    from cyclekit.cli.evaluation_table import print_cells
    from cyclekit.evaluation.report import show

    share = film.mean("still_share")
    head = [f"{film.result}, {len(film.times) + 1} frames", "result", "source", "ratio"]
    rows = [
        [row.name, show(row.value), show(row.source), "" if row.ratio is None else f"{row.ratio:.2f}"]
        for row in film.measures()
    ]  # fmt: skip
    print_cells(head, [*rows, ["share of the pixels that is still", "", f"{share:.3f}", ""]])
