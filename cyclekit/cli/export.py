"""`cyclekit export`: a model for other programs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cyclekit.cli import options
from cyclekit.cli.lines import json_line, one_line
from cyclekit.errors import UsageError

if TYPE_CHECKING:
    from cyclekit.export.order import Picture, Precision
    from cyclekit.export.web.runtime import Files
    from cyclekit.export.write import Exported

SURE = 5
"""Pictures that an int8 network is measured on, below which a note says so."""
FORMATS = ("onnx", "openvino", "torchscript", "web")
EXAMPLES = """\b
Examples:
  cyclekit export starry-night -o starry-night.onnx
  cyclekit export runs/zebra --to zebra -o zebra.xml --half
  cyclekit export runs/zebra -o zebra.onnx --with-processing
  cyclekit export runs/zebra -o zebra.onnx --int8 photos
  cyclekit export starry-night -o painter --format web
"""
FILE = click.Path(path_type=Path)


@click.command("export", epilog=EXAMPLES)
@click.argument("model", metavar="MODEL")
@click.argument("pictures", nargs=-1, type=FILE, metavar="[PICTURE...]")
@click.option(
    "-o",
    "--output",
    type=FILE,
    required=True,
    metavar="FILE",
    help="The file to write; for web, the folder.",
)
@click.option("--format", "name", type=click.Choice(FORMATS), help="onnx (.onnx), openvino (.xml, and .bin beside it), torchscript (.pt), web (a folder with a page that runs the model in the visitor's browser).  [default: by the ending]")  # fmt: skip
@options.direction
@options.style
@click.option("--with-processing", "processing", is_flag=True, help="Take and give stored pictures, uint8 (N, H, W, 3), of any size; else float32 (N, 3, H, W) in [-1, 1], sides multiples of the model's stride.")  # fmt: skip
@click.option("--half", is_flag=True, help="Store and compute in float16, all but norms and the last layer; web only stores in it.")  # fmt: skip
@click.option("--int8", is_flag=True, help="Compute convolutions in int8, calibrated on the pictures given; those that cost most stay in float.")  # fmt: skip
@click.option("--force", is_flag=True, help="Keep an int8 file that is under 30 dB from float32.")
@click.option("--runtime", type=FILE, metavar="TGZ|DIR", help="For web: the package onnxruntime-web, as npm has it.  [default: fetched once, and kept]")  # fmt: skip
@options.overwrite
@options.as_json
@options.quiet
def command(
    model: str, pictures: tuple[Path, ...], output: Path, name: str | None, direction: str | None,
    style: int | None, processing: bool, half: bool, int8: bool, force: bool, runtime: Path | None,
    overwrite: bool, as_json: bool, quiet: bool,
) -> None:  # fmt: skip
    """Write one direction of a model for other programs.

    Any number of pictures, height and width are free. What was written is run on three photographs
    and compared with torch; if it is not the same, nothing is kept. PICTURE... (files or folders)
    are what --int8 is calibrated on. The page of web needs no server but one for static files, such
    as `python -m http.server`, and can be opened from the disk.
    """
    from cyclekit.export.write import export, sample_pictures
    from cyclekit.hub.exporting import find_format, find_writer, order_of
    from cyclekit.hub.open import open_generator

    _check_options(pictures, half=half, int8=int8, force=force)
    if name == "web":
        _check_web(processing=processing, int8=int8)
        find_format(output, name)  # before anything is fetched
        _check_folder(output, overwrite=overwrite)
    else:
        _check_file(output, runtime, overwrite=overwrite)
    brought = {"runtime": fetched(runtime, quiet)} if name == "web" else {}
    writer = find_writer(output, name, **brought)
    opened = open_generator(model, direction, style)
    precision: Precision = "int8" if int8 else "fp16" if half else "fp32"
    order = order_of(opened, precision, read_pictures(pictures, output), processing=processing)
    made = export(
        order, output, writer, pictures=sample_pictures(), force=force, overwrite=overwrite
    )
    for line in () if quiet else _told(made, precision):
        click.echo(one_line(line), err=True)
    if as_json:
        click.echo(json_line(_facts(made, precision)))
    else:
        for file in made.files:
            click.echo(file)


def _check_options(pictures: tuple[Path, ...], *, half: bool, int8: bool, force: bool) -> None:
    if half and int8:
        raise UsageError("--half and --int8 both say how to compute; leave one out")
    if int8 and not pictures:
        raise UsageError("--int8 is calibrated on pictures: name some, files or folders")
    if pictures and not int8:
        raise UsageError(f"{pictures[0]}: pictures are for --int8; leave them out, or give it too")
    if force and not int8:
        raise UsageError("--force is for --int8; leave it out")


def _check_web(*, processing: bool, int8: bool) -> None:
    if processing:
        raise UsageError("the page takes any picture as it is; leave --with-processing out")
    if int8:
        raise UsageError("browsers' graphics cards have no int8; leave --int8 out, or give --half")


def _check_file(output: Path, runtime: Path | None, *, overwrite: bool) -> None:
    if runtime:
        raise UsageError("--runtime is for --format web; leave it out")
    if output.is_dir():
        raise UsageError(f"-o {output}: a folder; expected a file")
    if output.exists() and not overwrite:
        raise UsageError(f"{output} exists; replace it with --overwrite")


def _check_folder(output: Path, *, overwrite: bool) -> None:
    """Refuse what is somebody else's, whatever --overwrite says."""
    from cyclekit.export.web.folder import FILES, stranger
    from cyclekit.media.shared_folder import require_room

    require_room(output, FILES, overwrite=overwrite)
    found = stranger(output)
    if found:
        raise UsageError(f"-o {output}: holds {found.name}, and no page that was exported; choose another")  # fmt: skip


def fetched(runtime: Path | None, quiet: bool) -> Files:
    """Return what runs a model in a browser; what has to be fetched is kept for the next time."""
    import platformdirs

    from cyclekit.cli.transfer import transfer_progress
    from cyclekit.export.web.runtime import NAME, VERSION, find_runtime

    cache = platformdirs.user_cache_path("cyclekit")
    with transfer_progress(f"{NAME} {VERSION}", quiet) as progress:
        return find_runtime(runtime, cache, progress)


def read_pictures(places: tuple[Path, ...], output: Path) -> list[Picture]:
    """Read the pictures to calibrate on; no more than are looked at."""
    from cyclekit.errors import MediaError
    from cyclekit.export.quantize import MOST_PICTURES
    from cyclekit.media.find import find
    from cyclekit.media.images import read_rgb

    found = [file.path for file in find(places, output) if not file.error]
    chosen = found[:: max(1, len(found) // MOST_PICTURES)]
    pictures = []
    for path in chosen:
        try:
            pictures.append(read_rgb(path))
        except MediaError as error:
            click.echo(f"error: {one_line(str(error))}", err=True)
    if places and not pictures:
        raise UsageError(f"{places[0]}: holds no picture to calibrate on")
    return pictures


def _told(made: Exported, precision: str) -> list[str]:
    lines = [
        f"{one.width}x{one.height}: {one.mean:.4f} levels of 255 from torch on average, {one.most} at "
        f"most, {one.psnr:.1f} dB"
        for one in made.differences
    ]
    lines.append(f"{precision}, {made.bytes / 1e6:.2f} MB, {made.about.parameters:,} parameters")
    if made.about.note:
        lines.append(made.about.note)
    if made.psnr is not None and made.measured < SURE:
        lines.append(
            f"note: int8 was measured on {made.measured} of the pictures only; more would be surer, "
            f"{3 * SURE} or more (every third is measured on)"
        )
    return lines


def _facts(made: Exported, precision: str) -> dict[str, Any]:
    from dataclasses import asdict

    return {
        "files": [str(file) for file in made.files],
        "bytes": made.bytes,
        "precision": precision,
        "parameters": made.about.parameters,
        "stride": made.about.stride,
        "differences": [asdict(one) for one in made.differences],
        "psnr": made.psnr,
        "measured": made.measured,
        "note": made.about.note,
    }
