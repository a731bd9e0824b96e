"""ONNX files of other people, made in memory: one operation or a few, with known results."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper

FLOAT, BYTES = TensorProto.FLOAT, TensorProto.UINT8
FREE = (None, 3, None, None)


def foreign(
    path: Path, *nodes: Any, given: Any = FREE, made: Any = None, kind: int = FLOAT,
    weights: dict[str, Any] | None = None,
) -> Path:  # fmt: skip
    """Write a network from "x" to "y"; by default RGB (N, 3, H, W) to the same."""
    made = given if made is None else made
    tensors = [
        onnx.numpy_helper.from_array(np.asarray(value), name)
        for name, value in (weights or {}).items()
    ]
    graph = helper.make_graph(
        list(nodes), "g",
        [helper.make_tensor_value_info("x", kind, given)],
        [helper.make_tensor_value_info("y", kind, made)],
        tensors,
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, str(path))
    return path


def node(kind: str, given: str = "x", made: str = "y", **attributes: Any) -> Any:
    """Return one step; `given` may name several values."""
    return helper.make_node(kind, given.split(), [made], name=f"{kind}_{made}", **attributes)


def negative(path: Path, scale: str = "-1..1", **how: Any) -> Path:
    """Turn black into white, in a network whose pixels have the range `scale`."""
    white = {"-1..1": 0.0, "0..1": 1.0, "0..255": 255.0}[scale]
    weights = {"white": np.float32(white)}
    return foreign(path, node("Sub", "white x"), weights=weights, **how)


def blur(path: Path) -> Path:
    """Average 5x5 pixels of each channel, twice."""
    kernel = np.full((3, 1, 5, 5), 1 / 25, np.float32)
    pads = np.array([0, 0, 2, 2, 0, 0, 2, 2])
    steps = [
        node("Pad", "x pads", "a", mode="reflect"),
        node("Conv", "a kernel", "b", group=3),
        node("Conv", "b kernel", "y", group=3, pads=[2, 2, 2, 2]),
    ]
    return foreign(path, *steps, weights={"kernel": kernel, "pads": pads})
