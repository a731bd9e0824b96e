"""Writes ONNX."""

from __future__ import annotations

import io
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from cyclekit.errors import ExportError
from cyclekit.export import packages
from cyclekit.export.about import KEY, About
from cyclekit.export.engines import OnnxEngine
from cyclekit.export.graph import look_into
from cyclekit.export.order import Order
from cyclekit.export.quantize import quantized
from cyclekit.export.writers import WRITERS, Run, Writer, Written

if TYPE_CHECKING:
    from onnx import ModelProto

OPSET = 17
"""Since 2022; the newest that every runtime of today reads."""
INPUT, OUTPUT = "input", "output"
_SIZES = {0: "pictures", 2: "height", 3: "width"}
_UNFOLLOWED = "made with --with-processing, it pads and converts pictures by itself"
_STORED_SIZES = {0: "pictures", 1: "height", 2: "width"}


@WRITERS.register("onnx")
class OnnxWriter(Writer):
    """One file with dynamic batch, height and width."""

    ending = ".onnx"

    def require(self) -> None:
        """Refuse if onnx or onnxruntime is missing."""
        packages.onnx()
        packages.onnxruntime()

    def write(self, order: Order, path: Path) -> Written:
        """Write one file."""
        model, about = make_onnx(order)
        packages.onnx().save(model, str(path))
        return Written((path,), about)

    def read(self, path: Path) -> Run:
        """Run it in onnxruntime."""
        return OnnxEngine(path).on_tensor


def make_onnx(order: Order, *, inputs_only: bool = False) -> tuple[ModelProto, About]:
    """Return a network as ONNX, in the number format that was ordered, and what it says of itself.

    Args:
        order: what to write.
        inputs_only: as in `quantized`.

    Raises:
        ExportError: if ONNX cannot hold it.
    """
    model = _traced(order)
    about = replace(order.about, **_costs(model, order))
    if about.precision == "int8":
        model, note = quantized(model, order, inputs_only=inputs_only)
        about = replace(about, note=note)
    _describe(model, about)
    return model, about


def read_note(model: ModelProto) -> str:
    """Return the JSON that cyclekit wrote into a model, "" if it did not."""
    return next((entry.value for entry in model.metadata_props if entry.key == KEY), "")


def _traced(order: Order) -> ModelProto:
    """Trace with torch's older exporter.

    The newer one refuses a network as soon as it cannot prove that sizes fit each other (skip
    connections of a U-Net, a size rounded up to the stride); this one writes down what happened.
    """
    sizes = _STORED_SIZES if order.about.processing else _SIZES
    written = io.BytesIO()
    try:
        with _quiet(), torch.inference_mode():
            torch.onnx.export(
                order.network(), (order.example(),), written,  # type: ignore[arg-type]
                 dynamo=False, opset_version=OPSET,
                input_names=[INPUT], output_names=[OUTPUT],
                dynamic_axes={INPUT: sizes, OUTPUT: sizes},
            )  # fmt: skip
    except (RuntimeError, ValueError, TypeError, torch.onnx.errors.OnnxExporterError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise ExportError(f"ONNX cannot hold this network: {reason}") from error
    return packages.onnx().load_from_string(written.getvalue())  # type: ignore[no-any-return]


def _costs(model: ModelProto, order: Order) -> dict[str, Any]:
    layout = "NHWC" if order.about.processing else "NCHW"
    facts = look_into(model, order.example().numpy(), layout, _UNFOLLOWED)
    return {**asdict(facts), "parameters": order.parameters}


def _describe(model: ModelProto, about: About) -> None:
    """Write down where it comes from: for cyclekit in one entry, for others in plain words."""
    source, target = about.info.domains(about.info.directions[0])
    model.producer_name, model.doc_string = "cyclekit", about.text or f"{source} to {target}"
    entries: dict[str, Any] = {
        **{key: value for key, value in about.info.provenance.items() if isinstance(value, str)},
        KEY: about.dump(),
        "source": source,
        "target": target,
        "stride": about.stride,
        "pixels": "uint8 RGB (N, H, W, 3)" if about.processing else "RGB (N, 3, H, W) in [-1, 1]",
    }
    packages.onnx().helper.set_model_props(
        model, {key: str(value) for key, value in entries.items()}
    )


@contextmanager
def _quiet() -> Iterator[None]:
    """Leave out what exporters tell their makers."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
