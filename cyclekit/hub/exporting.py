"""From an open model to an order that an exporter takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from cyclekit.checkpoint.model import ModelInfo
from cyclekit.errors import ExportError, UsageError
from cyclekit.export import onnx, openvino, torchscript
from cyclekit.export.about import About
from cyclekit.export.order import Order, Picture, Precision
from cyclekit.export.web import writer as web
from cyclekit.export.writers import find_format, find_writer
from cyclekit.hub.card import card_text
from cyclekit.hub.open import OpenModel
from cyclekit.models import ImageGenerator
from cyclekit.models.exported import ExportedGenerator

__all__ = ["FORMATS", "find_format", "find_writer", "order_of"]

FORMATS = (onnx, openvino, torchscript, web)
"""Modules whose writers are registered by importing them."""


def order_of(
    opened: OpenModel[ImageGenerator],
    precision: Precision,
    pictures: Sequence[Picture] = (),
    *,
    processing: bool = False,
) -> Order:
    """Describe the export of a model.

    Args:
        opened: the model, in one direction.
        precision: number format to write.
        pictures: what int8 is calibrated on.
        processing: take and give stored pictures.

    Raises:
        UsageError: if it is an exported file already.
        ExportError: if it does not turn RGB into RGB.
    """
    generator = opened.generator
    if isinstance(generator, ExportedGenerator):
        raise UsageError(f"{opened.path}: exported already; give the model that it was made from")
    channels = (generator.in_channels, generator.out_channels)
    if channels != (3, 3):
        raise ExportError(f"{opened.path}: {channels} channels in and out, expected 3 to export it")
    colors = generator.palette
    about = About(
        info=_single(opened),
        stride=generator.stride,
        processing=processing,
        precision=precision,
        palette=() if colors is None else tuple(f"#{bytes(row).hex()}" for row in colors.tolist()),
        text=card_text(opened.path),
    )
    return Order(generator, about, pictures)


def _single(opened: OpenModel[ImageGenerator]) -> ModelInfo:
    """Describe a model of which only the open direction is left."""
    info = opened.info
    if info.kind == "translator":
        return replace(info, directions=(opened.direction,), critics=None)
    return replace(info, kind="translator", names=opened.names, directions=("ab",), critics=None)
