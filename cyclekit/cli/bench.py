"""`cyclekit bench`: what runs a model fastest on this machine?"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cyclekit.cli import options
from cyclekit.cli.lines import json_line, one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cyclekit.bench.contenders import Contender
    from cyclekit.bench.result import Row

PROGRAMS = ("torch", "onnxruntime", "openvino")
EXAMPLES = """\b
Examples:
  cyclekit bench starry-night
  cyclekit bench runs/zebra zebra.onnx --size 640x360 --json
  cyclekit bench starry-night --int8 photos --compile
"""


@click.command("bench", epilog=EXAMPLES)
@click.argument("models", nargs=-1, required=True, metavar="MODEL...")
@options.direction
@click.option("--size", default="256x256", show_default=True, metavar="WxH", callback=options.parse_size, help="Of the picture, in pixels.")  # fmt: skip
@click.option("--rounds", type=click.IntRange(2, 10_000), default=15, show_default=True, metavar="N", help="How often each runs, in turns; the median counts.")  # fmt: skip
@click.option("--int8", "places", multiple=True, type=click.Path(path_type=Path), metavar="PICTURES", help="Also in int8, calibrated on these pictures, a file or a folder; may be repeated.")  # fmt: skip
@click.option("--program", "programs", multiple=True, type=click.Choice(PROGRAMS), default=PROGRAMS, show_default=True, help="What to run a model in; may be repeated. Exported files run in their own.")  # fmt: skip
@options.compiled
@options.device
@options.as_json
@options.quiet
def command(
    models: tuple[str, ...], direction: str | None, size: tuple[int, int], rounds: int,
    places: tuple[Path, ...], programs: tuple[str, ...], compiled: bool, device: str, as_json: bool, quiet: bool,
) -> None:  # fmt: skip
    """Compare torch, onnxruntime and OpenVINO on this machine.

    Each runs in a process of its own, in turns, one picture at a time; the first row of a model is
    what the others are compared with. Models are what `translate` takes; several may be compared.
    """
    from cyclekit.bench.contenders import contenders
    from cyclekit.bench.table import compare
    from cyclekit.cli.export import read_pictures

    def note(text: str) -> None:
        if not quiet:
            click.echo(f"note: {one_line(text)}", err=True)

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pictures = read_pictures(places, folder)
        found: list[Contender] = []
        for number, model in enumerate(models):
            place = folder / str(number)
            place.mkdir()
            found += contenders(
                model, direction, programs=programs, device=device, compiled=compiled,
                pictures=pictures, folder=place, note=note,
            )  # fmt: skip
        rows = compare(found, size=size, rounds=rounds, folder=folder, note=note)
    _show(rows, as_json=as_json)
    _advise(rows, note)


def _show(rows: Sequence[Row], *, as_json: bool) -> None:
    from dataclasses import asdict

    if as_json:
        for row in rows:
            click.echo(json_line(asdict(row)))
        return
    cells = [_HEAD, *map(_cells, rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(_HEAD))]
    for line in cells:
        words = [word.ljust(width) for word, width in zip(line, widths, strict=True)]
        click.echo(one_line("  ".join(words).rstrip()))


_HEAD = (
    "model", "runs in", "parameters", "GMAC", "ms", "noise", "frames/s", "memory", "of peak",
    "from the first",
)  # fmt: skip


def _cells(row: Row) -> tuple[str, ...]:
    return (
        row.model,
        row.name,
        "?" if row.parameters is None else f"{row.parameters:,}",
        "?" if row.macs is None else f"{row.macs / 1e9:.2f}",
        f"{row.ms:.1f}",
        f"{row.noise:.0%}",
        f"{row.frames_per_second:.1f}",
        f"{row.memory_mb:.0f} MB",
        "" if row.peak_share is None else f"{row.peak_share:.0%}",
        f"{row.levels:.2f} levels, {row.psnr:.1f} dB",
    )


def _advise(rows: Sequence[Row], note: Callable[[str], object]) -> None:
    from cyclekit.bench.result import recommend

    for model in dict.fromkeys(row.model for row in rows):
        note(f"{model}: {recommend([row for row in rows if row.model == model])}")
