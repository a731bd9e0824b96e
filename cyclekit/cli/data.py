"""`cyclekit data`: surveys, splits, frames of videos, and the catalogue of public datasets."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cyclekit.cli import division, options, survey
from cyclekit.cli.frames import frames
from cyclekit.cli.lines import json_line

if TYPE_CHECKING:
    from cyclekit.data.catalogue import Entry


LISTING = """\b
Examples:
  cyclekit data list
  cyclekit data list --json
"""
FETCHING = """\b
Examples:
  cyclekit data download horse2zebra -o data
  cyclekit data download facades -o data --url https://example.org/facades.zip
"""


@click.group("data")
def command() -> None:
    """Survey, make, split and fetch datasets."""


@command.command("list", epilog=LISTING)
@options.as_json
def list_entries(as_json: bool) -> None:
    """Print the datasets that the catalogue knows."""
    from cyclekit.data.catalogue import entries

    for entry in entries():
        click.echo(json_line(asdict(entry)) if as_json else _line(entry))


@command.command(epilog=FETCHING)
@click.argument("name")
@click.option(
    "-o",
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    metavar="FOLDER",
    help="Where the dataset's own folder goes.",
)
@click.option("--url", metavar="ADDRESS", help="Another address of the archive, such as a mirror.")
@options.quiet
def download(name: str, output: Path, url: str | None, quiet: bool) -> None:
    """Fetch a dataset; a broken transfer goes on.

    Prints the folder that holds it.
    """
    from cyclekit.cli.transfer import transfer_progress
    from cyclekit.data.catalogue import find
    from cyclekit.data.download import download as fetch

    entry = find(name)
    if (output / name).exists() and not quiet:
        click.echo(f"'{name}' is already there", err=True)
    with transfer_progress(name, quiet) as progress:
        folder = fetch(entry, output, url=url, progress=progress)
    click.echo(folder)


def _line(entry: Entry) -> str:
    size = f"{entry.size_mib:,} MiB" if entry.size_mib else "size unknown"
    how = size if entry.url else f"by hand from {entry.source}"
    return f"{entry.name:<23} {entry.layout:<8}  {' / '.join(entry.domains)}  ({how})"


for added in (survey.command, frames, division.split, division.pairs):
    command.add_command(added)
