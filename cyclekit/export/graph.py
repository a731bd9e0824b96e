"""What an ONNX graph says about the network: its cost, its memory, how far a pixel looks.

All of it is measured on one run that shows every value in between, so that sizes which the graph
itself computes are known too.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cyclekit.errors import CheckpointError
from cyclekit.export import packages
from cyclekit.export.engines import errors_of

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto

OVERHEAD = 3.0
"""Peak of memory over the largest input and output of a step: skips, workspace, packed copies."""
POINTWISE = """
Relu LeakyRelu PRelu Elu Selu Celu Gelu Mish Softplus Softsign Sigmoid HardSigmoid HardSwish Tanh
Erf Exp Log Sqrt Pow Abs Neg Reciprocal Sign Ceil Floor Round Clip Cast Identity Dropout Add Sub
Mul Div Min Max Mean Sum Where Equal Greater Less And Or Not Concat Split BatchNormalization
QuantizeLinear DequantizeLinear
"""
"""Steps that look at one pixel at a time; Concat and Split along channels only, which is checked."""


_WHOLE = ("InstanceNormalization", "GroupNormalization", "GlobalAveragePool")


@dataclass(frozen=True)
class Cone:
    """What a pixel of a value sees: input pixels from `scale` i + `low` to `scale` i + `high`."""

    scale: Fraction
    low: Fraction
    high: Fraction

    def join(self, other: Cone) -> Cone:
        """Return what sees all that either sees."""
        if self.scale != other.scale:
            raise _LooksFurtherError("its parts are of different sizes")
        return Cone(self.scale, min(self.low, other.low), max(self.high, other.high))

    def widened(self, low: Fraction, high: Fraction, scale: Fraction) -> Cone:
        """Return a value that sees `low` to `high` pixels of this one, `scale` of which it steps."""
        return Cone(self.scale * scale, self.low + self.scale * low, self.high + self.scale * high)


@dataclass(frozen=True)
class Facts:
    """What is known about a network."""

    parameters: int
    macs_per_pixel: float
    """Multiplications for each pixel of the input."""
    bytes_per_pixel: float
    """Memory at its peak, for each pixel of the input."""
    reach: int | None
    """Pixels of the input that an output pixel sees on either side; None if it may see all."""
    whole: str
    """Why it may see all; empty if it does not."""


class _LooksFurtherError(Exception):
    """A step that may see the whole picture."""


def look_into(
    model: ModelProto, x: NDArray[Any], layout: str, unfollowed: str = "its layout is NHWC"
) -> Facts:
    """Measure a network.

    Args:
        model: with its weights inside.
        x: an input, one picture.
        layout: of it, "NCHW" or "NHWC".
        unfollowed: why it may see all of a picture in "NHWC" none of whose steps does so.

    Raises:
        CheckpointError: if it does not run.
    """
    values = _values(model, x)
    pixels = x.shape[2] * x.shape[3] if layout == "NCHW" else x.shape[1] * x.shape[2]
    try:
        if layout != "NCHW":
            raise _whole_step(model) or _LooksFurtherError(unfollowed)
        reach, whole = _reach(model, values), ""
    except _LooksFurtherError as error:
        reach, whole = None, str(error)
    return Facts(
        parameters=_parameters(model),
        macs_per_pixel=sum(_macs(node, values) for node in model.graph.node) / pixels,
        bytes_per_pixel=OVERHEAD * max(_memory(node, values) for node in model.graph.node) / pixels,
        reach=reach,
        whole=whole,
    )


def _values(model: ModelProto, x: NDArray[Any]) -> dict[str, NDArray[Any]]:
    """Run once and return every value, weights included."""
    onnx, runtime = packages.onnx(), packages.onnxruntime()
    shown = onnx.ModelProto()
    shown.CopyFrom(model)
    own = {output.name for output in shown.graph.output}
    between = [
        name for node in shown.graph.node for name in node.output if name and name not in own
    ]
    shown.graph.output.extend(onnx.ValueInfoProto(name=name) for name in between)
    options = runtime.SessionOptions()
    options.graph_optimization_level = runtime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 4
    names = [*(output.name for output in model.graph.output), *between]
    try:
        session = runtime.InferenceSession(
            shown.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
        made = session.run(names, {session.get_inputs()[0].name: x})
    except errors_of(runtime) as error:
        raise CheckpointError(f"does not run: {str(error).splitlines()[0]}") from error
    weights = {one.name: onnx.numpy_helper.to_array(one) for one in model.graph.initializer}
    values = dict(zip(names, made, strict=True))
    return {**weights, **values, session.get_inputs()[0].name: x}


def _parameters(model: ModelProto) -> int:
    numbers = (int(np.prod(one.dims)) for one in model.graph.initializer if len(one.dims))
    return sum(numbers)


def _macs(node: NodeProto, values: Mapping[str, NDArray[Any]]) -> float:
    if node.op_type == "Conv":
        weight = values[node.input[1]]
        return float(values[node.output[0]].size * weight.size / weight.shape[0])
    if node.op_type == "ConvTranspose":
        weight = values[node.input[1]]
        return float(values[node.input[0]].size * weight.size / weight.shape[0])
    if node.op_type in ("MatMul", "Gemm"):
        return float(values[node.output[0]].size * values[node.input[0]].shape[-1])
    return 0.0


def _memory(node: NodeProto, values: Mapping[str, NDArray[Any]]) -> int:
    names = {name for name in (*node.input, *node.output) if name in values}
    return sum(values[name].nbytes for name in names if values[name].ndim >= 3)


def _reach(model: ModelProto, values: Mapping[str, NDArray[Any]]) -> int:
    """Follow the picture through the graph.

    Raises:
        _LooksFurtherError: where a step may see all of it.
    """
    cones = {model.graph.input[0].name: Cone(Fraction(1), Fraction(0), Fraction(0))}
    for node in model.graph.node:
        seen = [cones[name] for name in node.input if name in cones]
        if not seen or node.op_type == "Shape":
            continue
        made = _STEPS.get(node.op_type, _unknown)(node, seen, values)
        cones.update(dict.fromkeys(node.output, made))
    last = cones.get(model.graph.output[0].name)
    if last is None or last.scale != 1:
        raise _LooksFurtherError("it changes the size of the picture")
    return math.ceil(max(-last.low, last.high, Fraction(0)))


Step = Callable[["NodeProto", "list[Cone]", "Mapping[str, NDArray[Any]]"], Cone]


def _unknown(node: NodeProto, seen: list[Cone], values: Mapping[str, NDArray[Any]]) -> Cone:
    raise _looks_at_all(node)


def _looks_at_all(node: NodeProto) -> _LooksFurtherError:
    return _LooksFurtherError(f"its step {node.op_type} looks at the whole picture")


def _whole_step(model: ModelProto) -> _LooksFurtherError | None:
    """Find a step that sees a whole picture however it lies."""
    return next((_looks_at_all(node) for node in model.graph.node if node.op_type in _WHOLE), None)


def _pointwise(node: NodeProto, seen: list[Cone], values: Mapping[str, NDArray[Any]]) -> Cone:
    if node.op_type in ("Concat", "Split") and _attribute(node, "axis", 0) not in (1, -3):
        raise _LooksFurtherError(f"its step {node.op_type} moves pixels")
    joined = seen[0]
    for other in seen[1:]:
        joined = joined.join(other)
    return joined


def _conv(node: NodeProto, seen: list[Cone], values: Mapping[str, NDArray[Any]]) -> Cone:
    kernel = values[node.input[1]].shape[2:]
    return _window(node, seen[0], kernel)


def _pool(node: NodeProto, seen: list[Cone], values: Mapping[str, NDArray[Any]]) -> Cone:
    return _window(node, seen[0], _attribute(node, "kernel_shape", ()))


def _window(node: NodeProto, cone: Cone, kernel: Any) -> Cone:
    stride, extent, pad = _window_sizes(node, kernel)
    return cone.widened(Fraction(-pad), Fraction(extent - pad), Fraction(stride))


def _transposed(node: NodeProto, seen: list[Cone], values: Mapping[str, NDArray[Any]]) -> Cone:
    stride, extent, pad = _window_sizes(node, values[node.input[1]].shape[2:])
    # Output o takes input i where o = i stride - pad + k, k from 0 to extent.
    low, high = Fraction(pad - extent, stride), Fraction(pad, stride)
    return seen[0].widened(low, high, Fraction(1, stride))


def _window_sizes(node: NodeProto, kernel: Any) -> tuple[int, int, int]:
    """Return stride, extent and padding at the beginning, the same for both sides."""
    if _attribute(node, "auto_pad", b"NOTSET") not in (b"NOTSET", b"VALID"):
        raise _LooksFurtherError(f"its step {node.op_type} pads by itself")
    sides = len(kernel)
    strides = _attribute(node, "strides", [1] * sides)
    dilations = _attribute(node, "dilations", [1] * sides)
    pads = _attribute(node, "pads", [0] * 2 * sides)
    both = zip(strides, dilations, kernel, pads[:sides], strict=True)
    found = {(step, dilation * (size - 1), pad) for step, dilation, size, pad in both}
    if len(found) != 1:
        raise _LooksFurtherError(f"its step {node.op_type} is not square")
    return found.pop()


def _pad(node: NodeProto, seen: list[Cone], values: Mapping[str, NDArray[Any]]) -> Cone:
    pads = np.asarray(values[node.input[1]]).tolist() if len(node.input) > 1 else []
    rank = len(pads) // 2
    if rank != 4 or any(pads[:2]) or pads[2] != pads[3]:
        raise _LooksFurtherError("its step Pad is not square")
    return seen[0].widened(Fraction(-pads[2]), Fraction(-pads[2]), Fraction(1))


def _slice(node: NodeProto, seen: list[Cone], values: Mapping[str, NDArray[Any]]) -> Cone:
    starts, axes = (np.asarray(values[node.input[i]]).tolist() for i in (1, 3))
    steps = np.asarray(values[node.input[4]]).tolist() if len(node.input) > 4 else [1] * len(axes)
    moved = [start for start, axis in zip(starts, axes, strict=True) if axis % 4 in (2, 3)]
    if any(start < 0 for start in moved) or any(step != 1 for step in steps):
        raise _LooksFurtherError("its step Slice counts from the end")
    # The two directions are looked at as one, so it may be either of the starts, or none.
    low, high = min([0, *moved]), max([0, *moved])
    return seen[0].widened(Fraction(low), Fraction(high), Fraction(1))


def _resize(node: NodeProto, seen: list[Cone], values: Mapping[str, NDArray[Any]]) -> Cone:
    before, after = values[node.input[0]].shape, values[node.output[0]].shape
    factors = {Fraction(after[axis], before[axis]) for axis in (2, 3)}
    aligned = _attribute(node, "coordinate_transformation_mode", b"half_pixel") == b"align_corners"
    if len(factors) != 1 or aligned or (factor := factors.pop()) < 1 or factor.denominator != 1:
        raise _LooksFurtherError("its step Resize depends on the size of the picture")
    reach = {b"nearest": 1, b"linear": 1, b"cubic": 3}[_attribute(node, "mode", b"nearest")]
    return seen[0].widened(Fraction(-reach), Fraction(reach), 1 / factor)


def _attribute(node: NodeProto, name: str, default: Any) -> Any:
    helper = packages.onnx().helper
    return next(
        (helper.get_attribute_value(one) for one in node.attribute if one.name == name), default
    )


_STEPS: dict[str, Step] = {
    **dict.fromkeys(POINTWISE.split(), _pointwise),
    "Conv": _conv,
    "ConvTranspose": _transposed,
    "MaxPool": _pool,
    "AveragePool": _pool,
    "Pad": _pad,
    "Slice": _slice,
    "Resize": _resize,
}
