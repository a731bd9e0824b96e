"""Makes an int8 network of a float32 one: calibrated, per channel, sensitive layers left in float.

Every convolution is first quantised alone, which says how much of the result it costs. Errors of
single layers nearly add up, so the costliest stay in float until the rest together comes to `GOAL`.
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cyclekit.errors import ExportError
from cyclekit.export import packages
from cyclekit.export.difference import psnr_of
from cyclekit.export.engines import OnnxEngine
from cyclekit.export.order import Order, Picture

if TYPE_CHECKING:
    from onnx import ModelProto

GOAL = 36.0
"""PSNR in dB against float32 that layers are kept in float for."""
MOST_KEPT = 0.5
"""Share of the layers that may stay in float for it: more would leave nothing to gain."""
MOST_PICTURES = 24
"""Pictures that are looked at; evenly spread over those given."""
SIDE = 256
"""Pixels a side that they are cut down to."""


def quantized(
    model: ModelProto, order: Order, *, inputs_only: bool = False
) -> tuple[ModelProto, str]:
    """Return a network in int8, and what there is to say about it.

    Args:
        model: in float32.
        order: with the pictures to calibrate on; some of them are kept to measure on.
        inputs_only: leave what convolutions give in float, as norms want it; onnxruntime then does
            not compute in int8, OpenVINO does.

    Raises:
        ExportError: if there is no convolution to quantise.
    """
    layers = [node.name for node in model.graph.node if node.op_type == "Conv"]
    if not layers:
        raise ExportError("there is no convolution in this network that int8 would serve")
    learnt, held_out = divided(order.pictures)
    with tempfile.TemporaryDirectory() as folder, _quiet():
        work = _Work(model, order, learnt, held_out, Path(folder), inputs_only)
        kept = _sensitive(work, layers)
        made = work.quantize([name for name in layers if name not in kept])
        figure = work.psnr(made)
    note = (
        f"{len(kept)} of {len(layers)} convolutions kept in float32"
        f"{': ' + ', '.join(map(_short, kept)) if kept else ''}; {figure:.1f} dB against float32 "
        f"on {len(held_out)} pictures, calibrated on {len(learnt)}"
    )
    return made, note


def _sensitive(work: _Work, layers: Sequence[str]) -> list[str]:
    """Choose the layers that stay in float."""
    kept: list[str] = []
    if work.psnr(work.quantize(layers)) >= GOAL:
        return kept
    cost = {name: work.error(work.quantize([name])) for name in layers}
    order = sorted(layers, key=cost.__getitem__, reverse=True)
    allowed = 255**2 / 10 ** (GOAL / 10)
    while len(kept) < MOST_KEPT * len(layers):
        kept = order[: len(kept) + 1]
        rest = [name for name in layers if name not in kept]
        if sum(cost[name] for name in rest) > allowed:
            continue  # cannot reach it yet, no need to try
        if work.psnr(work.quantize(rest)) >= GOAL:
            break
    return [name for name in layers if name in kept]


@dataclass
class _Work:
    """Quantises again and again: tensors' ranges are measured once."""

    model: ModelProto
    order: Order
    learnt: Sequence[Picture]
    held_out: Sequence[Picture]
    folder: Path
    inputs_only: bool

    def __post_init__(self) -> None:
        self._expected = self._outputs(self.model)
        self._source = self.folder / "model.onnx"  # given as such it would be changed
        packages.onnx().save(self.model, str(self._source))

    def quantize(self, layers: Collection[str]) -> ModelProto:
        """Return the network with these convolutions in int8."""
        from onnxruntime.quantization import QuantFormat, QuantType, quantize_static

        path = self.folder / "made.onnx"
        quantize_static(
            self._source, path, _Reader(self.learnt, self._feed),
            quant_format=QuantFormat.QDQ, op_types_to_quantize=["Conv"], per_channel=True,
            activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8,
            nodes_to_quantize=list(layers), calibration_cache_path=self.folder / "ranges.json",
            extra_options={
                "OpTypesToExcludeOutputQuantization": ["Conv"] if self.inputs_only else []
            },
        )  # fmt: skip
        return packages.onnx().load(str(path))  # type: ignore[no-any-return]

    def psnr(self, model: ModelProto) -> float:
        """Return the PSNR against float32 in dB."""
        return psnr_of(self.error(model))

    def error(self, model: ModelProto) -> float:
        """Return the mean squared error against float32, in levels of 255."""
        pairs = zip(self._outputs(model), self._expected, strict=True)
        return float(np.mean([np.mean((one.astype(float) - other) ** 2) for one, other in pairs]))

    def _outputs(self, model: ModelProto) -> list[Picture]:
        engine = OnnxEngine(model.SerializeToString())
        return [
            self.order.levels(engine.on_tensor(self.order.input(picture)), picture)
            for picture in self.held_out
        ]

    def _feed(self, picture: Picture) -> dict[str, Any]:
        (port,) = self.model.graph.input
        return {port.name: self.order.input(picture).numpy()}


class _Reader:
    """Hands pictures over as onnxruntime's calibration wants them."""

    def __init__(
        self, pictures: Sequence[Picture], feed: Callable[[Picture], dict[str, Any]]
    ) -> None:
        self._feeds = iter([feed(picture) for picture in pictures])

    def get_next(self) -> dict[str, Any] | None:
        """Return the next input; None after the last."""
        return next(self._feeds, None)


def divided(pictures: Sequence[Picture]) -> tuple[list[Picture], list[Picture]]:
    """Return those to calibrate on, and those to measure on: every third, where there are three.

    Raises:
        ExportError: if there is none.
    """
    if not pictures:
        raise ExportError("int8 is calibrated on pictures, and none was given")
    step = max(1, len(pictures) // MOST_PICTURES)
    chosen = [picture[:SIDE, :SIDE] for picture in pictures[::step]][:MOST_PICTURES]
    if len(chosen) < 3:
        return chosen, chosen
    return [one for i, one in enumerate(chosen) if i % 3 != 2], chosen[2::3]


def _short(name: str) -> str:
    """Name a layer as torch does: "/network/blocks/blocks.0/body/body.4/Conv" as blocks.0.body.4."""
    names: list[str] = []
    for part in name.split("/"):
        if part in ("", "network", "Conv"):
            continue
        if names and part.startswith(f"{names[-1]}."):
            names.pop()
        names.append(part)
    return ".".join(names) or name


@contextmanager
def _quiet() -> Iterator[None]:
    """Leave out advice to whoever quantises by hand."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)
