"""`cyclekit models networks` and `pull`: networks that scores are measured with."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cyclekit.cli import options
from cyclekit.cli.lines import json_line

if TYPE_CHECKING:
    from cyclekit.hub.networks import Network

PULLING = """\b
Examples:
  cyclekit models pull mobilenet
  cyclekit models pull inception --file pt_inception-2015-12-05-6726825d.pth
"""


@click.command("networks")
@options.as_json
def list_networks(as_json: bool) -> None:
    """Print the feature networks that scores can use."""
    from cyclekit.hub.networks import NETWORKS, installed_file

    for network in NETWORKS.values():
        path = installed_file(network)
        if as_json:
            click.echo(json_line(_facts(network, path)))
        else:
            state = "installed" if path.is_file() else f"{network.size_mb} MB to fetch"
            click.echo(f"{network.name:<10} {state:<17} {network.licence}")


@click.command(epilog=PULLING)
@click.argument("name")
@click.option(
    "--file",
    "files",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="Take the weights from this file instead; may be repeated.",
)
@click.option(
    "--url",
    "urls",
    multiple=True,
    metavar="ADDRESS",
    help="Another address of the published file, such as a mirror.",
)
@options.quiet
def pull(name: str, files: tuple[Path, ...], urls: tuple[str, ...], quiet: bool) -> None:
    """Fetch a feature network into the user's cache.

    Prints the file. NAME is one of `cyclekit models networks`; what is installed is not fetched
    again.
    """
    from cyclekit.cli.transfer import transfer_progress
    from cyclekit.hub.install import install_network, pull_network
    from cyclekit.hub.networks import find_network, installed_file

    network = find_network(name)
    for file in files:
        if not file.is_file():
            raise click.UsageError(f"--file {file}: no such file")
    if files and urls:
        raise click.UsageError("--file and --url both say where from; leave one out")
    if files:
        click.echo(install_network(network, files))
        return
    if installed_file(network).is_file() and not quiet:
        click.echo(f"'{name}' is already installed", err=True)
    with transfer_progress(name, quiet) as progress:
        path = pull_network(network, urls=urls, progress=progress)
    if not quiet:
        click.echo(f"licence: {network.licence}", err=True)
    click.echo(path)


def _facts(network: Network, path: Path) -> dict[str, object]:
    return {
        "name": network.name,
        "installed": str(path) if path.is_file() else None,
        "urls": [origin.url for origin in network.origins],
        "sha256": [origin.sha256 for origin in network.origins],
        "megabytes": network.size_mb,
        "licence": network.licence,
    }
