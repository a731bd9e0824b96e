"""The programs that run exported files: onnxruntime and OpenVINO, behind one small door."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cyclekit.devices import is_out_of_memory
from cyclekit.errors import CheckpointError
from cyclekit.export import packages

Values = NDArray[Any]
_NO_ROOM = ("bad allocation", "bad_alloc", "failed to allocate", "not enough memory")


@dataclass(frozen=True)
class Port:
    """The input or the output of a network."""

    name: str
    """As the file calls it."""
    shape: tuple[int | None, ...]
    """None where any size goes."""
    dtype: np.dtype[Any]
    """Of its numbers."""


class Engine(ABC):
    """One network, ready to run on the processor."""

    name: str
    input: Port
    output: Port

    @abstractmethod
    def run(self, x: Values) -> Values:
        """Compute.

        Args:
            x: contiguous, of the input's type and a shape that fits.

        Raises:
            MemoryError: if memory does not suffice.
            RuntimeError: if the network cannot take it.
        """

    def on_tensor(self, x: Tensor) -> Tensor:
        """Compute, with tensors."""
        made = self.run(np.ascontiguousarray(x.numpy()))
        return torch.from_numpy(made if made.flags.writeable else made.copy())


class OnnxEngine(Engine):
    """Runs an ONNX file in onnxruntime.

    Args:
        source: the file, or its bytes.
        path: what to call it in messages.

    Raises:
        CheckpointError: if it cannot be run, or has not one input and one output.
        UsageError: if onnxruntime is not installed.
    """

    def __init__(self, source: Path | bytes, path: Path = Path("the network")) -> None:
        runtime = packages.onnxruntime()
        self._errors = errors_of(runtime)
        options = runtime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        options.inter_op_num_threads = 1
        options.log_severity_level = 4  # what matters comes as an error
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        path = source if isinstance(source, Path) else path
        try:
            self._session = runtime.InferenceSession(
                str(source) if isinstance(source, Path) else source,
                options, providers=["CPUExecutionProvider"],
            )  # fmt: skip
        except self._errors as error:
            raise CheckpointError(f"{path}: not a usable ONNX file: {_line(error)}") from error
        self.name = f"onnxruntime {runtime.__version__}"
        given, made = self._session.get_inputs(), self._session.get_outputs()
        _require_one(path, len(given), len(made))
        self.input, self.output = _port(path, given[0]), _port(path, made[0])

    def run(self, x: Values) -> Values:
        """Compute."""
        try:
            (made,) = self._session.run([self.output.name], {self.input.name: x})
        except self._errors as error:
            raise _failure(error) from error
        return np.asarray(made)


class OpenVinoEngine(Engine):
    """Runs an OpenVINO or ONNX file in OpenVINO.

    Args:
        path: ends in .xml, with its .bin beside it, or in .onnx.
        precision: "fp32" or "bf16", the format that it computes in.

    Raises:
        CheckpointError: if it cannot be run, or has not one input and one output.
        UsageError: if OpenVINO is not installed.
    """

    def __init__(self, path: Path, precision: str = "fp32") -> None:
        vino = packages.openvino()
        settings = {
            "INFERENCE_PRECISION_HINT": {"fp32": "f32", "bf16": "bf16"}[precision],
            "INFERENCE_NUM_THREADS": torch.get_num_threads(),
            "PERFORMANCE_HINT": "LATENCY",
        }
        try:
            core = packages.openvino_core()
            model = core.read_model(str(path))
            _require_one(path, len(model.inputs), len(model.outputs))
            self._compiled = core.compile_model(model, "CPU", settings)
            self.input, self.output = _vino_port(model.inputs[0]), _vino_port(model.outputs[0])
            self.note = str(model.get_rt_info(["cyclekit"]).value) if _has_note(model) else ""
        except (RuntimeError, ValueError, TypeError) as error:
            raise CheckpointError(f"{path}: not a usable OpenVINO file: {_line(error)}") from error
        self.name = f"OpenVINO {vino.__version__.partition('-')[0]}"

    def run(self, x: Values) -> Values:
        """Compute."""
        try:
            made = self._compiled([x])[0]
        except (RuntimeError, ValueError) as error:
            raise _failure(error) from error
        return np.array(made)  # its memory belongs to the next call


def _has_note(model: Any) -> bool:
    return bool(model.has_rt_info(["cyclekit"]))


def errors_of(runtime: Any) -> tuple[type[Exception], ...]:
    """List the exceptions that onnxruntime raises, which share no base of their own."""
    state = runtime.capi.onnxruntime_pybind11_state
    found = [value for value in vars(state).values() if isinstance(value, type)]
    own = [value for value in found if issubclass(value, Exception)]
    return (*own, RuntimeError, ValueError)


def _failure(error: Exception) -> Exception:
    text = _line(error)
    if is_out_of_memory(error) or any(words in text.lower() for words in _NO_ROOM):
        return MemoryError(text)
    return RuntimeError(text)


def _line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return " ".join(lines)[-300:] or type(error).__name__


def _require_one(path: Path, inputs: int, outputs: int) -> None:
    if (inputs, outputs) != (1, 1):
        raise CheckpointError(
            f"{path}: has {inputs} inputs and {outputs} outputs; expected a network that turns one "
            "picture into one picture"
        )


def _port(path: Path, port: Any) -> Port:
    names = {"float": "float32", "float16": "float16", "double": "float64", "uint8": "uint8"}
    kind = str(port.type).removeprefix("tensor(").removesuffix(")")
    if kind not in names:
        raise CheckpointError(f"{path}: '{port.name}' is {port.type}; expected float or uint8")
    shape = tuple(side if isinstance(side, int) and side > 0 else None for side in port.shape)
    return Port(port.name, shape, np.dtype(names[kind]))


def _vino_port(port: Any) -> Port:
    sides = port.get_partial_shape()
    shape = tuple(side.get_length() if side.is_static else None for side in sides)
    return Port(port.get_any_name(), shape, np.dtype(port.get_element_type().to_dtype()))
