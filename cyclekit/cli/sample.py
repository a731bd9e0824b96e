"""`cyclekit sample`: pictures from noise."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cyclekit.cli import options
from cyclekit.cli.lines import one_line
from cyclekit.errors import UnknownNameError, UsageError

if TYPE_CHECKING:
    from cyclekit.pixels import Array

EXAMPLES = """\b
Examples:
  cyclekit sample runs/digits -n 64 -o sheet.png
  cyclekit sample runs/clothing -n 16 -o shoes.png --class shoes --truncation 0.5
  cyclekit sample runs/clothing -n 1000 --separate pictures
"""


MOST_COLUMNS = 32
"""Classes that still have a column of their own on a sheet."""


@click.command("sample", epilog=EXAMPLES)
@click.argument("model", metavar="MODEL")
@click.option("-n", "count", metavar="N", type=click.IntRange(1), default=64, show_default=True, help="How many pictures.")  # fmt: skip
@click.option("-o", "--output", "sheet", metavar="SHEET.png", type=click.Path(dir_okay=False, path_type=Path), help="One picture of all.")  # fmt: skip
@click.option("--separate", "folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path), help="Folder for a PNG file a picture.")  # fmt: skip
@click.option("--class", "wanted", metavar="NAME", help="Make this class only.  [default: all in turn]")  # fmt: skip
@click.option("--truncation", metavar="X", type=click.FloatRange(0, min_open=True), help="Largest value of the noise, in deviations: less is better and more alike.")  # fmt: skip
@click.option("--seed", metavar="N", type=click.IntRange(0), default=0, show_default=True, help="Other seeds, other pictures; picture 3 is the same whatever N is.")  # fmt: skip
@options.overwrite
@options.device
@options.quiet
def command(
    model: str, count: int, sheet: Path | None, folder: Path | None, wanted: str | None,
    truncation: float | None, seed: int, overwrite: bool, device: str, quiet: bool,
) -> None:  # fmt: skip
    """Make pictures from noise with a model of gan or biggan.

    MODEL is a model file or a run's folder. Prints the path of every file it wrote.
    """
    from cyclekit.hub.open import open_noise
    from cyclekit.inference.sampling import Sampler
    from cyclekit.media.atomic import followed

    sheet = followed(sheet) if sheet else None
    _check_places(sheet, folder)
    if not overwrite:
        _refuse_existing(sheet, folder, count)
    opened = open_noise(model)
    label = _find_class(wanted, opened.info.names, opened.generator.classes)
    _check_size(sheet, count, opened.generator.side)
    sampler = Sampler(opened.generator, device=device, truncation=truncation)
    if not quiet:
        what = wanted or ", ".join(opened.info.names)
        click.echo(one_line(f"{opened.path}: noise to {what}, on {sampler.device}"), err=True)
    pictures = sampler.draw(count, label=label, seed=seed)
    if folder is not None:
        pictures = _written(pictures, folder, count)
    if sheet is None:
        for _ in pictures:
            pass  # each is written as it comes, none is kept
    else:
        _write_sheet(sheet, list(pictures), opened.generator.classes if label is None else 0)


def _check_places(sheet: Path | None, folder: Path | None) -> None:
    from cyclekit.media.encode import FORMATS

    if sheet is None and folder is None:
        raise UsageError("missing -o SHEET.png or --separate DIR: where the pictures go")
    if sheet is not None and sheet.suffix.lower() not in FORMATS:
        raise UsageError(f"-o {sheet}: expected a picture's name: {', '.join(FORMATS)}")


def _name(number: int, count: int) -> str:
    """Name a picture of many, so that names in order are numbers in order."""
    return f"{number:0{len(str(count - 1))}}.png"


def _refuse_existing(sheet: Path | None, folder: Path | None, count: int) -> None:
    there = list(_there(folder, count)) if folder else []
    first = min(there, default=sheet if sheet and sheet.exists() else None)
    if first is not None:
        raise UsageError(f"{first} exists; replace it with --overwrite")


def _there(folder: Path, count: int) -> Iterator[Path]:
    """Yield what a folder holds of `count` pictures: of 10^11, none can be asked for by its name."""
    if not folder.is_dir():
        return
    for path in folder.iterdir():
        digits = path.stem
        if not (digits.isascii() and digits.isdecimal() and int(digits) < count):
            continue
        if path.name == _name(int(digits), count):
            yield path


def _find_class(wanted: str | None, names: Sequence[str], classes: int) -> int | None:
    if wanted is None:
        return None
    if not classes:
        raise UsageError(f"--class {wanted}: the model knows no classes; leave it out")
    if wanted not in names:
        raise UnknownNameError("class", wanted, names)
    return list(names).index(wanted)


def _check_size(sheet: Path | None, count: int, side: int) -> None:
    from cyclekit.media.picture import MAX_PIXELS

    if sheet is not None and count * side**2 > MAX_PIXELS:
        most = MAX_PIXELS // side**2
        raise UsageError(f"-n {count}: a sheet holds at most {most} pictures; use --separate")


def _written(pictures: Iterable[Array], folder: Path, count: int) -> Iterator[Array]:
    """Pass pictures on, each written to a file of its own."""
    for number, picture in enumerate(pictures):
        _write(folder / _name(number, count), picture)
        yield picture


def _write_sheet(path: Path, pictures: Sequence[Array], classes: int) -> None:
    """Lay out a column a class, or a square."""
    import numpy as np

    from cyclekit.media.sheet import sheet

    square = math.ceil(math.sqrt(len(pictures)))
    columns = classes if 1 < classes <= MOST_COLUMNS else square
    cells = [picture.astype(np.uint8, copy=False) for picture in pictures]
    rows = [cells[first : first + columns] for first in range(0, len(cells), columns)]
    _write(path, sheet(rows, len(cells[0])))


def _write(path: Path, pixels: Array) -> None:
    from cyclekit.media.images import Picture, write

    write(path, Picture(pixels))
    click.echo(path)
