"""Opens an exported file, ours or another's, as a generator."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from cyclekit.checkpoint.header import ModelInfo
from cyclekit.errors import CheckpointError, UsageError
from cyclekit.export.about import About, read_about
from cyclekit.export.engines import Engine, OnnxEngine, OpenVinoEngine
from cyclekit.export.foreign import find_wiring, parse_ranges
from cyclekit.export.graph import Facts, look_into
from cyclekit.export.network import ExportedNetwork
from cyclekit.export.onnx import read_note
from cyclekit.export.safety import read_onnx
from cyclekit.export.wiring import End, Wiring
from cyclekit.models.exported import ExportedGenerator
from cyclekit.registry import Spec

if TYPE_CHECKING:
    from onnx import ModelProto

ENDINGS = (".onnx", ".xml")
"""Of files that are opened here: ONNX, and OpenVINO's."""
_BYTES = 4.0 * 2 * 64 * 3
"""Memory for each pixel of a network that does not say: 64 channels in and out, three times."""
_UNTOLD = "its file does not say how far it looks"


@dataclass(frozen=True)
class OpenedFile:
    """An exported network, and what is known about it."""

    generator: ExportedGenerator
    info: ModelInfo
    notes: tuple[str, ...]
    """What the user should know."""


def is_exported(path: Path) -> bool:
    """Say whether a file is opened here, by its ending."""
    return path.suffix.lower() in ENDINGS


def files_of(path: Path) -> tuple[Path, ...]:
    """Return a model's file, and where OpenVINO's weights lie beside it, that one too."""
    weights = path.with_suffix(".bin")
    return (path, weights) if path.suffix.lower() == ".xml" and weights.is_file() else (path,)


def open_exported(path: Path, ranges: str | None = None) -> OpenedFile:
    """Open an ONNX or OpenVINO file.

    Args:
        path: ends in one of `ENDINGS`.
        ranges: of the pixels of a foreign network, "0..1", or in and out: "0..255,0..1"; None to
            find out.

    Raises:
        UsageError: if a package is missing, or ranges are given to a file that knows its own.
        CheckpointError: if the file cannot be used.
    """
    formats: tuple[str, ...] = ("fp32",)
    model = read_onnx(path) if path.suffix.lower() == ".onnx" else None
    if model is not None:
        engine: Engine = _from_onnx(path, model)
        note = read_note(model)
    else:
        engine = opened = _from_xml(path)
        note, formats = opened.note, ("fp32", "bf16")
    if not note:
        return _foreign(path, model, engine, parse_ranges(ranges), formats)
    if ranges is not None:
        raise UsageError(f"{path}: it says itself which range its pixels have; leave --range out")
    return _own(path, read_about(path, note), engine, formats)


def _from_onnx(path: Path, model: ModelProto) -> OnnxEngine:
    """Run what was read and checked; so no path in it is followed again."""
    try:
        return OnnxEngine(model.SerializeToString(), path)
    except ValueError as error:
        raise CheckpointError(f"{path}: larger than 2 GiB with its weights") from error


def _from_xml(path: Path) -> OpenVinoEngine:
    if not path.with_suffix(".bin").is_file():
        raise CheckpointError(f"{path}: {path.with_suffix('.bin').name} is missing beside it")
    return OpenVinoEngine(path)


def _own(path: Path, about: About, engine: Engine, formats: tuple[str, ...]) -> OpenedFile:
    kind = np.dtype(np.uint8 if about.processing else np.float32)
    layout, scale = ("NHWC", "0..255") if about.processing else ("NCHW", "-1..1")
    if (engine.input.dtype, len(engine.input.shape)) != (kind, 4):
        raise CheckpointError(f"{path}: damaged metadata (its input is {engine.input})")
    end = End(layout, 3, scale, kind)  # type: ignore[arg-type]
    wiring = Wiring(end, end, None, None, 1 if about.processing else about.stride)
    notes = ["its pixels are 8 bits, so more depth is lost"] if about.processing else []
    generator = ExportedNetwork(
        path,
        partial(_reopened, engine, path),
        wiring,
        formats=formats if about.precision == "fp32" else (about.precision,),
        reach=about.reach,
        whole=about.whole,
        bytes_per_pixel=about.bytes_per_pixel,
    )
    generator.macs_per_pixel, generator.weights = about.macs_per_pixel, about.parameters
    if about.palette:
        rows = [list(bytes.fromhex(color.removeprefix("#"))) for color in about.palette]
        generator.colors = torch.tensor(rows, dtype=torch.uint8)
    return OpenedFile(generator, about.info, tuple(notes))


def _foreign(
    path: Path, model: ModelProto | None, engine: Engine, ranges: tuple[str, str] | None,
    formats: tuple[str, ...],
) -> OpenedFile:  # fmt: skip
    last = model.graph.node[-1].op_type if model is not None else ""
    try:
        found = find_wiring(engine, ranges, last)
        facts = None if model is None else _look(model, found.wiring)
    except CheckpointError as error:
        raise CheckpointError(f"{path}: {error}") from error
    except RuntimeError as error:
        raise CheckpointError(f"{path}: does not run on a photograph: {error}") from error
    info = ModelInfo(Spec(path.suffix.lower()[1:]), ("A", "B"), ("ab",), {"file": path.name})
    whole = facts.whole if facts else _UNTOLD
    generator = ExportedNetwork(
        path,
        partial(_reopened, engine, path),
        found.wiring,
        formats=formats,
        reach=facts.reach if facts and not found.wiring.size else None,
        whole="its size is fixed" if found.wiring.size else whole,
        bytes_per_pixel=facts.bytes_per_pixel if facts else _BYTES,
    )
    if facts:
        generator.macs_per_pixel, generator.weights = facts.macs_per_pixel, facts.parameters
    return OpenedFile(generator, info, (found.assumed,))


def _look(model: ModelProto, wiring: Wiring) -> Facts:
    height, width = wiring.size or (max(64, wiring.stride),) * 2
    x = torch.zeros(1, 3, height, width)
    return look_into(model, wiring.split(x)[0], wiring.given.layout)


def _reopened(first: Engine, path: Path, precision: str) -> Engine:
    """Return the engine that is open already, or one for another number format."""
    return OpenVinoEngine(path, precision) if precision == "bf16" else first
