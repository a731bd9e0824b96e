"""What can run a model here: torch, onnxruntime and OpenVINO, in the formats that they offer."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cyclekit.devices import find_device, has_native_bf16
from cyclekit.errors import CyclekitError
from cyclekit.export.order import Picture, Precision
from cyclekit.export.write import export, sample_pictures
from cyclekit.hub.exporting import find_writer, order_of
from cyclekit.hub.open import OpenModel, open_generator
from cyclekit.models import ImageGenerator
from cyclekit.models.exported import ExportedGenerator


@dataclass(frozen=True)
class Contender:
    """One way to run a model."""

    model: str
    """As the user calls it."""
    program: str
    """torch | torch compiled | onnxruntime | openvino."""
    precision: str
    """The number format that it computes in."""
    source: str
    """What the worker opens."""
    direction: str | None
    """Of the model; None for the only one."""
    device: str
    """Where to."""

    @property
    def name(self) -> str:
        """What it is called in a table."""
        return f"{self.program} {self.precision}"


def contenders(
    model: str, direction: str | None, *, programs: Collection[str], device: str, compiled: bool,
    pictures: Sequence[Picture], folder: Path, note: Callable[[str], object],
) -> Iterator[Contender]:  # fmt: skip
    """List the ways to run a model; what must be exported for them is written.

    Args:
        model: as `open_generator` takes it.
        direction: of it.
        programs: those to list: torch, onnxruntime, openvino. An exported file runs in its own.
        device: for torch; the others run on the processor.
        compiled: also let torch compile it.
        pictures: to calibrate int8 on; without any there is none.
        folder: for exported files.
        note: hears of what cannot run.

    Raises:
        CyclekitError: if the model cannot be opened.
    """
    opened = open_generator(model, direction)
    if isinstance(opened.generator, ExportedGenerator):
        program = "openvino" if opened.path.suffix.lower() == ".xml" else "onnxruntime"
        for precision in _offered(opened.generator):
            yield Contender(model, program, precision, str(opened.path), direction, "cpu")
        return
    place = find_device(device)
    formats = ["fp32", *(["bf16"] if has_native_bf16(place) else [])]
    kinds = [*(["torch"] * ("torch" in programs)), *(["torch compiled"] * compiled)]
    for program in kinds:
        for precision in formats:
            yield Contender(model, program, precision, str(opened.path), direction, str(place))
    yield from _exported(model, opened, programs, pictures, folder, note)


def _offered(generator: ExportedGenerator) -> list[str]:
    native = has_native_bf16(find_device("cpu"))
    return [name for name in generator.formats if name != "bf16" or native]


def _exported(
    model: str, opened: OpenModel[ImageGenerator], programs: Collection[str],
    pictures: Sequence[Picture], folder: Path, note: Callable[[str], object],
) -> Iterator[Contender]:  # fmt: skip
    formats: tuple[Precision, ...] = ("fp32", "int8") if pictures else ("fp32",)
    for program, ending in (("onnxruntime", ".onnx"), ("openvino", ".xml")):
        for precision in formats if program in programs else ():
            path = folder / f"{precision}{ending}"
            try:
                order = order_of(opened, precision, pictures)
                export(order, path, find_writer(path, None), pictures=sample_pictures(), force=True)
                offered = open_generator(path).generator
            except CyclekitError as error:
                note(f"{model} in {program} {precision}: {error}")
                continue
            assert isinstance(offered, ExportedGenerator)
            for each in _offered(offered):
                yield Contender(model, program, each, str(path), None, "cpu")
