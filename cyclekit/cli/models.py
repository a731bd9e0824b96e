"""`cyclekit models`: which there are, what a file holds, foreign files made ours, and sharing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cyclekit.cli import options
from cyclekit.cli.lines import json_line, one_line, some_lines
from cyclekit.cli.networks import list_networks
from cyclekit.cli.pull import pull
from cyclekit.cli.push import push

if TYPE_CHECKING:
    from cyclekit.checkpoint.model import ModelInfo
    from cyclekit.hub.card import Card

LISTING = """\b
Examples:
  cyclekit models list
  cyclekit models list --published --json
"""
SHOWING = """\b
Examples:
  cyclekit models show starry-night
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
    """List, show, convert, fetch and publish models."""


command.add_command(list_networks)
command.add_command(pull)
command.add_command(push)


@command.command("list", epilog=LISTING)
@click.option("--published", is_flag=True, help="Print the checkpoints that can be pulled instead.")
@options.as_json
def list_models(published: bool, as_json: bool) -> None:
    """Print the models inside the package, and those pulled.

    Names, what they can do, size, and where they come from. `-m` takes the names.
    """
    for row in _published() if published else _named():
        click.echo(json_line(row) if as_json else one_line("  ".join(_cells(row))))


def _named() -> Iterator[dict[str, Any]]:
    from cyclekit.checkpoint.model import read_info
    from cyclekit.errors import CheckpointError
    from cyclekit.hub.source import embedded_models, named_models
    from cyclekit.hub.store import origin_of, pulled_models

    embedded = embedded_models()
    for name, path in named_models().items():
        try:
            info = read_info(path)
        except CheckpointError as error:
            click.echo(one_line(f"note: '{name}' cannot be used: {error}"), err=True)
            continue
        yield {
            "name": name,
            "directions": info.abilities(),
            "bytes": path.stat().st_size,
            "from": "embedded" if name in embedded else origin_of(path).get("source", "unknown"),
        }
    for name in embedded.keys() & pulled_models().keys():
        path = pulled_models()[name]
        note = f"note: '{name}' is the embedded model; {path} is hidden by it"
        click.echo(one_line(note), err=True)


def _published() -> Iterator[dict[str, Any]]:
    from cyclekit.hub.published import PUBLISHED

    for one in PUBLISHED.values():
        yield {
            "name": one.name, "directions": ["-to-".join(one.domains)], "from": one.url,
            "paper": one.paper, "rights": one.rights,
        }  # fmt: skip


def _cells(row: dict[str, Any]) -> Iterator[str]:
    yield row["name"]
    yield ", ".join(row["directions"])
    if "bytes" in row:
        yield f"{row['bytes'] / 1e6:.1f} MB"
    yield row["from"]


@command.command(epilog=SHOWING)
@click.argument("model")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def show(model: str, as_json: bool) -> None:
    """Print what a model is and where it comes from.

    MODEL is the name of an embedded or a pulled model, a model file, a foreign checkpoint or a
    run's folder. Where it has a card, that follows: data, rights, recipe, time, scores with their
    floors, known failures, samples. A card is a YAML file beside the model, of the same name.
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
    from cyclekit.export.open import is_exported
    from cyclekit.hub.source import find_model
    from cyclekit.legacy.convert import convert as convert_foreign
    from cyclekit.media.atomic import followed

    _check_output(output, overwrite=overwrite)
    if names and names[0] == names[1]:
        raise click.UsageError(f"--names {names[0]} {names[1]}: the two names must differ")
    path = find_model(source)
    if is_model(path):
        raise click.UsageError(f"{path} is a model file of cyclekit already")
    if is_exported(path):
        raise click.UsageError(f"{path}: ONNX and OpenVINO files are used as they are: -m {path}")
    generator, info = convert_foreign(path)
    if names:
        info = _rename(info, names)
    save_model(followed(output), {info.directions[0]: generator}, info)
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
    told = [
        ("file", f"{card.path} ({card.bytes / 1e6:.1f} MB)"),
        ("translates" if translates else "makes", ", ".join(card.directions)),
        ("architecture", " ".join([card.architecture, *_options(card)])),
        ("parameters", f"{_count(card.parameters)}{' a direction' if translates else ''}"),
        ("cost", f"{_billions(card.macs)} multiplications at {side}x{side}"),
        ("stride", f"{card.stride} px" if translates else ""),
        ("palette", ", ".join(card.palette)),
        ("discriminators", card.discriminators),
        *((key.replace("_", " "), _words(value)) for key, value in card.provenance.items()),
        *(("note", note) for note in card.notes),
    ]
    # A header's words are anybody's, the names of its entries too.
    lines = [(one_line(key), one_line(value)) for key, value in told if value]
    width = max(len(key) for key, _ in lines)
    page = "\n".join(f"{key:{width}}  {value}" for key, value in lines)
    return f"{page}\n\n{some_lines(card.text)}" if card.text else page


def _options(card: Card) -> Iterator[str]:
    return (f"{key}={value}" for key, value in card.options.items())


def _count(number: int | None) -> str:
    return "an unknown number" if number is None else f"{number:,}"


def _billions(number: int | None) -> str:
    return "an unknown number of" if number is None else f"{number / 1e9:.2f} billion"


def _words(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)
