"""`cyclekit models networks`: networks that scores are measured with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from cyclekit.cli import options
from cyclekit.cli.lines import json_line

if TYPE_CHECKING:
    from pathlib import Path

    from cyclekit.hub.networks import Network


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


def _facts(network: Network, path: Path) -> dict[str, object]:
    return {
        "name": network.name,
        "installed": str(path) if path.is_file() else None,
        "urls": [origin.url for origin in network.origins],
        "sha256": [origin.sha256 for origin in network.origins],
        "megabytes": network.size_mb,
        "licence": network.licence,
    }
