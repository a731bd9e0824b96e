"""`cyclekit models`: what is embedded, what a file holds, foreign files made ours."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cyclekit.cli.lines import json_line
from cyclekit.cli.networks import list_networks, pull

if TYPE_CHECKING:
    from cyclekit.checkpoint.model import ModelInfo
    from cyclekit.hub.card import Card

LISTING = """\b
Examples:
  cyclekit models list
  cyclekit models list --json
"""
SHOWING = """\b
Examples:
  cyclekit models show latest_net_G_A.pth
  cyclekit models show runs/horse2zebra --json
"""
CONVERTING = """\b
Examples:
  cyclekit models convert latest_net_G_A.pth -o horse2zebra.safetensors
  cyclekit models convert latest_net_G.pth -o monet.safetensors --names photo monet
"""


@click.group("models")
def command() -> None:
    """List, inspect and convert models."""


command.add_command(list_networks)
command.add_command(pull)


@command.command("list", epilog=LISTING)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
def list_models(as_json: bool) -> None:
    """Print the models inside the package."""
    from cyclekit.checkpoint.model import read_info
    from cyclekit.hub.source import embedded_models

    for name, path in embedded_models().items():
        directions, size = read_info(path).abilities(), path.stat().st_size
        if as_json:
            click.echo(json_line({"name": name, "directions": directions, "bytes": size}))
        else:
            click.echo(f"{name}  {', '.join(directions)}  {size / 1e6:.1f} MB")


@command.command(epilog=SHOWING)
@click.argument("model")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def show(model: str, as_json: bool) -> None:
    """Print what a model is and where it comes from.

    MODEL is an embedded model's name, a model file, a foreign checkpoint or a run's folder.
    """
    from dataclasses import asdict

    from cyclekit.hub.card import read_card

    card = read_card(model)
    click.echo(json_line(asdict(card)) if as_json else _page(card))


@command.command(epilog=CONVERTING)
@click.argument("source", metavar="IN", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    metavar="OUT.safetensors",
    help="The model file to write.",
)
@click.option(
    "--names", nargs=2, metavar="SOURCE TARGET", help="Domains it turns from and to, in words."
)
@click.option("--overwrite", is_flag=True, help="Replace OUT if it exists.")
def convert(source: Path, output: Path, names: tuple[str, str] | None, overwrite: bool) -> None:
    """Turn a foreign checkpoint into a model file."""
    from cyclekit.checkpoint.model import is_model, save_model
    from cyclekit.hub.source import find_model
    from cyclekit.legacy.convert import convert as convert_foreign

    _check_output(output, overwrite=overwrite)
    if names and names[0] == names[1]:
        raise click.UsageError(f"--names {names[0]} {names[1]}: the two names must differ")
    path = find_model(source)
    if is_model(path):
        raise click.UsageError(f"{path} is a model file of cyclekit already")
    generator, info = convert_foreign(path)
    if names:
        info = _rename(info, names)
    save_model(output, {info.directions[0]: generator}, info)
    click.echo(output)


def _check_output(output: Path, *, overwrite: bool) -> None:
    if output.suffix != ".safetensors":
        raise click.UsageError(f"{output}: a model file's name ends in .safetensors")
    if output.exists() and not overwrite:
        raise click.UsageError(f"{output} exists; replace it with --overwrite")


def _rename(info: ModelInfo, names: tuple[str, str]) -> ModelInfo:
    from dataclasses import replace

    source, target = names
    forward = info.directions[0] == "ab"
    return replace(info, names=(source, target) if forward else (target, source))


def _page(card: Card) -> str:
    from cyclekit.hub.card import SIDE

    translates = card.kind == "translator"
    side = card.side or SIDE
    lines = {
        "file": f"{card.path} ({card.bytes / 1e6:.1f} MB)",
        "translates" if translates else "makes": ", ".join(card.directions),
        "architecture": " ".join(
            [card.architecture, *(f"{key}={value}" for key, value in card.options.items())]
        ),
        "parameters": f"{card.parameters or 0:,}{' a direction' if translates else ''}",
        "cost": f"{(card.macs or 0) / 1e9:.2f} billion multiplications at {side}x{side}",
        **({"stride": f"{card.stride} px"} if translates else {}),
        **({"palette": ", ".join(card.palette)} if card.palette else {}),
        **({"discriminators": card.discriminators} if card.discriminators else {}),
        **{key.replace("_", " "): _words(value) for key, value in card.provenance.items()},
    }
    width = max(map(len, lines))
    page = "\n".join(f"{key:{width}}  {value}" for key, value in lines.items())
    return f"{page}\n\n{card.text}" if card.text else page


def _words(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)
