"""Stores weights in half the bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cyclekit.export import packages

if TYPE_CHECKING:
    from onnx import ModelProto

LEAST_DIMENSIONS = 2
"""Of a tensor worth it: kernels, and not the few numbers of a norm or a bias."""


def halve_weights(model: ModelProto) -> None:
    """Store kernels as float16 and turn them into float32 where they are used.

    Unlike a network that computes in float16, this one needs nothing of the machine that float32
    does not: browsers' processors have no such arithmetic, and many of their graphics cards do not
    offer it. Runtimes do the turning once, as they load.

    Args:
        model: in float32; changed in place.
    """
    onnx, graph = packages.onnx(), model.graph
    casts = []
    for tensor in graph.initializer:
        if tensor.data_type != onnx.TensorProto.FLOAT or len(tensor.dims) < LEAST_DIMENSIONS:
            continue
        name, values = tensor.name, onnx.numpy_helper.to_array(tensor)
        stored = f"{name}.float16"
        tensor.CopyFrom(onnx.numpy_helper.from_array(values.astype(np.float16), stored))
        casts.append(onnx.helper.make_node("Cast", [stored], [name], to=onnx.TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
