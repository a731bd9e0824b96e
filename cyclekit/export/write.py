"""Writes an exported file, runs it, compares it with torch, and keeps it only if it is the same."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from cyclekit.errors import ExportError, UsageError
from cyclekit.export.about import About
from cyclekit.export.difference import Difference, difference, pooled_psnr
from cyclekit.export.order import Order, Picture
from cyclekit.export.quantize import divided
from cyclekit.export.writers import Run, Writer
from cyclekit.media.atomic import followed, replacing
from cyclekit.media.images import read_rgb
from cyclekit.media.shared_folder import filling

LEAST_PSNR = 30.0
"""dB between int8 and float32, below which a picture is visibly another."""
_MEAN = {"fp32": 0.1, "fp16": 1.0}
_OFF = {"fp32": 0.001, "fp16": 0.05}  # where a palette's colour was chosen by a hair's breadth


@dataclass(frozen=True)
class Exported:
    """What was written, and how it differs from torch."""

    files: tuple[Path, ...]
    """The file asked for comes first."""
    bytes: int
    """Size of all that was written."""
    differences: tuple[Difference, ...]
    """On real pictures of three sizes."""
    about: About
    """What the file says of itself."""
    psnr: float | None
    """Of int8, against float32, on pictures that it was not calibrated on; dB."""
    measured: int
    """Pictures that `psnr` was measured on."""


def sample_pictures() -> list[Picture]:
    """Return three photographs of three sizes."""
    folder = Path(str(files("cyclekit.export") / "pictures"))
    return [read_rgb(path) for path in sorted(folder.glob("*.jpg"))]


def export(
    order: Order, path: Path, writer: Writer, *, pictures: Sequence[Picture], force: bool = False,
    overwrite: bool = False,
) -> Exported:  # fmt: skip
    """Write one model, or nothing; where a link stands, what it points to is written.

    Args:
        order: what to write.
        path: the file to make.
        writer: of its format.
        pictures: to compare with torch on.
        force: keep an int8 network however far it is from float32.
        overwrite: replace what an export put into a folder before; a file is always replaced.

    Raises:
        UsageError: if the format cannot hold the numbers asked for, packages are missing, or
            something in a folder is in the way, as `require_room` says.
        ExportError: if it cannot be written, or what was written computes something else.
        MediaError: if the file system refuses.
    """
    precision = order.about.precision
    if precision not in writer.precisions:
        raise UsageError(
            f"this format holds no {precision}; expected {' or '.join(writer.precisions)}"
        )
    writer.require()
    if writer.ending:
        return _files(order, path, writer, pictures, force)
    with filling(path, writer.names, overwrite=overwrite) as part:
        written = writer.write(order, part)
        seen, psnr = _checked(order, writer, part, pictures, force=force)
        size = _size(*part.iterdir())
    return Exported((path,), size, seen, written.about, psnr, _measured(order))


def _files(
    order: Order, path: Path, writer: Writer, pictures: Sequence[Picture], force: bool
) -> Exported:
    place = followed(path)
    with replacing(place) as part, tempfile.TemporaryDirectory(dir=place.parent) as folder:
        written = writer.write(order, Path(folder) / path.name)
        seen, psnr = _checked(order, writer, written.files[-1], pictures, force=force)
        size = _size(*written.files)
        beside = written.files[:-1]
        if beside:  # killed between two renamings, no file may stand with another one's weights
            place.unlink(missing_ok=True)
        for file in beside:
            with replacing(followed(path.with_name(file.name))) as other:
                shutil.move(file, other)
        written.files[-1].replace(part)
    files = (path, *(path.with_name(file.name) for file in beside))
    return Exported(files, size, seen, written.about, psnr, _measured(order))


def _measured(order: Order) -> int:
    """Count the pictures that say how far int8 is from float32."""
    return len(divided(order.pictures)[1]) if order.about.precision == "int8" else 0


def _size(*files: Path) -> int:
    return sum(file.stat().st_size for file in files)


def _checked(
    order: Order, writer: Writer, path: Path, pictures: Sequence[Picture], *, force: bool
) -> tuple[tuple[Difference, ...], float | None]:
    """Compare what was written with torch; nothing keeps it open afterwards."""
    run = writer.read(path)
    seen = tuple(_compared(order, run, pictures))
    return seen, _require_same(order, run, seen, force=force)


def _compared(order: Order, run: Run, pictures: Sequence[Picture]) -> Iterator[Difference]:
    for picture in pictures:
        try:
            made = order.levels(run(order.input(picture)), picture)
        except RuntimeError as error:
            reason = str(error).strip().splitlines()[-1]
            raise ExportError(f"what was written does not run: {reason}") from error
        yield difference(order.expected(picture), made)


def _require_same(
    order: Order, run: Run, seen: Sequence[Difference], *, force: bool
) -> float | None:
    """Refuse what computes something else.

    Returns:
        The PSNR against float32 of an int8 network, on pictures that it was not calibrated on.
    """
    precision = order.about.precision
    if precision == "int8":
        psnr = pooled_psnr(list(_compared(order, run, divided(order.pictures)[1])))
        if psnr < LEAST_PSNR and not force:
            raise ExportError(
                f"int8 is {psnr:.1f} dB from float32, expected at least {LEAST_PSNR:g}: nothing was "
                f"written; it was measured on {_measured(order)} of the pictures: give more of the "
                "kind it is for, leave --int8 out, or --force it"
            )
        return psnr
    for one in seen:
        if not (one.mean <= _MEAN[precision] and one.off <= _OFF[precision]):  # not a number fails
            raise ExportError(
                f"at {one.width}x{one.height} what was written differs from torch by {one.mean:.2f} "
                f"levels of 255 on average and {one.most} at most: nothing was written"
            )
    return None
