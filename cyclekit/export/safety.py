"""Reads an ONNX file that may be anybody's: nothing outside its folder, nothing beyond measure."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cyclekit.errors import CheckpointError
from cyclekit.export import packages

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto, TensorProto

LARGEST_FILE = 2**31 - 1
"""Bytes: what the format's container can hold."""
LARGEST_VALUE = 2**29
"""Numbers in one value of the network whose size the file itself fixes."""


def read_onnx(path: Path) -> ModelProto:
    """Read a file and the weights that lie beside it.

    Raises:
        CheckpointError: if it is none, refers to files outside its folder, or asks for values of a
            size that no picture needs.
        UsageError: if onnx is not installed.
    """
    onnx = packages.onnx()
    if (size := path.stat().st_size) > LARGEST_FILE:
        raise CheckpointError(f"{path}: {size / 2**30:.1f} GiB; expected an ONNX file of at most 2")
    try:
        model = onnx.load(str(path), load_external_data=False)
        outside = [tensor for tensor in _tensors(model) if tensor.external_data]
        _check_outside(path, outside)
        onnx.load_external_data_for_model(model, str(path.parent))
        if not model.graph.node:
            raise CheckpointError(f"{path}: not a usable ONNX file: it holds no network")
        _check_sizes(path, model)
    except CheckpointError:
        raise
    except Exception as error:  # protobuf's, onnx' own and the file system's share no base
        lines = str(error).strip().splitlines() or [type(error).__name__]
        raise CheckpointError(f"{path}: not a usable ONNX file: {lines[0]}") from error
    return model  # type: ignore[no-any-return]


def _check_outside(path: Path, tensors: list[TensorProto]) -> None:
    """Refuse weights that are not plain files in the model's own folder, within 2 GiB in all."""
    folder = path.parent.resolve()
    found = set()
    for tensor in tensors:
        entries = {entry.key: entry.value for entry in tensor.external_data}
        location = entries.get("location", "")
        place = (folder / location).resolve()
        if not location or not place.is_relative_to(folder) or not place.is_file():
            raise CheckpointError(
                f"{path}: its weights are said to lie in '{location}'; expected a file in its folder"
            )
        found.add(place)
    if sum(place.stat().st_size for place in found) > LARGEST_FILE:
        raise CheckpointError(f"{path}: its weights are larger than 2 GiB")


def _check_sizes(path: Path, model: ModelProto) -> None:
    """Refuse values whose fixed size would take all memory, before anything is computed."""
    onnx = packages.onnx()
    for tensor in model.graph.initializer:
        _check_size(path, tensor.name, list(tensor.dims))
    known = onnx.shape_inference.infer_shapes(model, data_prop=True)
    for value in (*known.graph.input, *known.graph.value_info, *known.graph.output):
        _check_size(path, value.name, _fixed(value))


def _check_size(path: Path, name: str, sides: list[int]) -> None:
    if any(side < 0 for side in sides) or math.prod(sides) > LARGEST_VALUE:
        size = "x".join(map(str, sides))
        raise CheckpointError(f"{path}: its value '{name}' is {size}, which no picture needs")


def _fixed(value: Any) -> list[int]:
    """Return a value's sides, those that are not fixed as 1."""
    return [side.dim_value or 1 for side in value.type.tensor_type.shape.dim]


def _tensors(model: ModelProto) -> Iterator[TensorProto]:
    """Return every tensor of a model, also those of graphs within it and of its functions."""
    yield from _tensors_of(model.graph)
    for function in model.functions:
        for node in function.node:
            yield from _tensors_of_node(node)


def _tensors_of(graph: GraphProto) -> Iterator[TensorProto]:
    yield from graph.initializer
    for sparse in graph.sparse_initializer:
        yield from (sparse.values, sparse.indices)
    for node in graph.node:
        yield from _tensors_of_node(node)


def _tensors_of_node(node: Any) -> Iterator[TensorProto]:
    for attribute in node.attribute:
        yield from (attribute.t, *attribute.tensors)
        yield from (attribute.sparse_tensor.values, attribute.sparse_tensor.indices)
        for graph in (attribute.g, *attribute.graphs):
            yield from _tensors_of(graph)
