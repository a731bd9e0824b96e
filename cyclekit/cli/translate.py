"""`cyclekit translate`: pictures in, pictures out."""

from __future__ import annotations

import glob
import os
from collections.abc import Callable, Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from cyclekit.cli import options
from cyclekit.errors import UsageError

if TYPE_CHECKING:
    from cyclekit.cli.reporting import Report
    from cyclekit.media.mirror import Job

_SEPARATORS = tuple(filter(None, (os.sep, os.altsep)))
EXAMPLES = """\b
Examples:
  cyclekit translate photos -o paintings
  cyclekit translate holiday.jpg -o painting.png --max-size 1024
  cyclekit translate shirts -o t-shirts -m runs/clothing --to t-shirt --style 3
  cyclekit translate 'in/**/*.tif' -o out -m runs/zebra --direction zebra
"""


@click.command("translate", epilog=EXAMPLES)
@click.argument(
    "inputs", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="INPUT..."
)
@click.option(
    "-o",
    "--output",
    "place",
    required=True,
    metavar="OUT",
    help="Folder that mirrors the input's; for a single picture, also a file. OUT/ is a folder.",
)
@options.model
@options.direction
@options.style
@options.pixel_range
@click.option(
    "--format",
    "wanted",
    type=click.Choice(["png", "jpg", "webp", "tiff", "same"]),
    default="same",
    show_default=True,
    help="Format of the output.",
)
@options.size
@options.max_size
@options.batch_size
@click.option("--gray-to-color", is_flag=True, help="Let gray pictures become coloured.")
@click.option("--compare", is_flag=True, help="Write before and after beside it: NAME.compare.png.")
@options.control
@click.option(
    "--report",
    "with_page",
    is_flag=True,
    help="Write a page of all results, and how well each can be undone: OUT/report/index.html.",
)
@options.overwrite
@options.device
@options.precision
@options.tile
@options.memory
@options.compiled
@options.as_json
@options.quiet
@click.pass_context
def command(
    ctx: click.Context,
    /,
    inputs: tuple[Path, ...],
    place: str,
    model: str | None,
    direction: str | None,
    style: int | None,
    pixel_range: str | None,
    wanted: str,
    batch_size: int | Literal["auto"],
    with_page: bool,
    device: str,
    precision: str,
    tile: int | Literal["auto", "off"],
    memory: str | None,
    compiled: bool,
    as_json: bool,
    quiet: bool,
    **how: Any,
) -> None:
    """Translate pictures: files, folders or patterns.

    Prints the path of every picture it wrote. What is already there is skipped.
    """
    from functools import partial

    from cyclekit.cli.page import watch_with_page
    from cyclekit.cli.reporting import Report
    from cyclekit.hub.open import open_generator
    from cyclekit.inference.folder import translate_files
    from cyclekit.inference.results import Options
    from cyclekit.inference.translator import Translator

    if how["size"] and how["max_size"]:
        raise UsageError("--size and --max-size both set the size; leave one out")
    masks: list[Path] = []
    output, is_folder = Path(place), place.endswith(_SEPARATORS)
    jobs = _plan(
        inputs, output, wanted, is_folder=is_folder, compare=how["compare"],
        masks=how["control"].mask_files, passed_over=masks.append,
    )  # fmt: skip
    chosen = Options(
        size=how["size"],
        max_size=how["max_size"],
        color=how["gray_to_color"],
        compare=how["compare"],
        control=how["control"],
        overwrite=how["overwrite"],
    )
    report = Report(as_json, quiet)
    _tell_masks(report, masks)
    opened = open_generator(model, direction, style, pixel_range)
    build = partial(
        Translator,
        device=device,
        batch_size=batch_size,
        tile=tile,
        memory=memory,
        compiled=compiled,
    )
    translator = build(opened.generator, precision=precision)
    source, target = opened.names
    report.note(
        f"{opened.path.name}: {source} to {target}, on {translator.device} in "
        f"{translator.precision} ({translator.reason})"
    )
    for text in filter(None, (*opened.notes, translator.note)):
        report.note(f"note: {opened.path.name}: {text}")
    if with_page:
        watch_with_page(
            report, jobs, output, opened=opened, translator=translator, build=build, chosen=chosen
        )
    else:
        report.watch(translate_files(translator, jobs, chosen), len(jobs))
    ctx.exit(report.exit_code)


def _tell_masks(report: Report, masks: list[Path]) -> None:
    if masks:
        more = f" and {len(masks) - 1} more" if len(masks) > 1 else ""
        report.note(f"note: {min(masks)}{more}: not translated, for --mask names it")


def _plan(
    inputs: tuple[Path, ...], output: Path, wanted: str, *, is_folder: bool, compare: bool,
    masks: Collection[Path], passed_over: Callable[[Path], object],
) -> list[Job]:  # fmt: skip
    """Name the outputs; where OUT names a picture, that file."""
    from cyclekit.media.atomic import followed
    from cyclekit.media.encode import FORMATS
    from cyclekit.media.find import real
    from cyclekit.media.mirror import Job, compare_path, plan

    if not output.is_dir():
        output = followed(output)
    kind = FORMATS.get(output.suffix.lower())
    if kind is None or is_folder or output.is_dir():
        _check_folder(inputs, output, is_folder=is_folder)
        return plan(inputs, output, wanted, compare=compare, masks=masks, passed_over=passed_over)
    if len(inputs) == 1 and not inputs[0].exists() and not glob.has_magic(str(inputs[0])):
        return [Job(inputs[0], output, error="no such file or folder")]
    if len(inputs) != 1 or not inputs[0].is_file():
        raise UsageError(f"-o {output} names one picture; for several inputs, name a folder")
    if wanted != "same" and FORMATS[f".{wanted}"] != kind:
        raise UsageError(f"-o {output} and --format {wanted} disagree; leave one out")
    for path in (output, compare_path(output)) if compare else (output,):
        if path.exists() and path.samefile(inputs[0]):
            raise UsageError(f"-o {output}: {path} is the input; inputs are never overwritten")
        if Path(real(path)) in masks:
            raise UsageError(f"-o {output}: {path} is a mask; masks are never overwritten")
    return [Job(inputs[0], output)]


def _check_folder(inputs: tuple[Path, ...], output: Path, *, is_folder: bool) -> None:
    """Refuse an OUT that is no picture to write, and cannot be meant as a folder."""
    from cyclekit.media.encode import FORMATS
    from cyclekit.media.find import real

    if output.is_file():
        raise UsageError(f"-o {output} is a file; expected a folder")
    single = len(inputs) == 1 and inputs[0].is_file()
    if single and output.suffix and not (is_folder or output.is_dir()):
        hint = f"expected one of {', '.join(FORMATS)}, or a folder ({output}{os.sep})"
        raise UsageError(f"-o {output}: cannot write '{output.suffix}'; {hint}")
    for path in inputs:
        if path.is_dir() and real(path) == real(output):
            raise UsageError(f"-o {output}: input and output are the same folder; choose another")
