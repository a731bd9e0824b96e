"""The packages that exports need: optional, so their absence is one line."""

from __future__ import annotations

import importlib
import sys
from functools import cache
from types import ModuleType
from typing import Any

from cyclekit.errors import UsageError


def onnx() -> ModuleType:
    """Import onnx, which reads and writes the format."""
    return _require("onnx", "export")


def onnxruntime() -> ModuleType:
    """Import onnxruntime, which computes."""
    return _require("onnxruntime", "export")


def openvino() -> ModuleType:
    """Import OpenVINO, and keep it from telling its makers: nothing here asks another server."""
    if "openvino" not in sys.modules:
        sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]  # "not there"
    return _require("openvino", "openvino")


@cache
def openvino_core() -> Any:
    """Return the one `Core` of this process, which is never closed.

    Loading its plugin for processors gives the thread another stack for signals, and unloading it
    frees that stack, whichever thread's turn it is: closed by another thread, the next signal with
    a handler (Ctrl-C, a child's end) kills the process.
    """
    return openvino().Core()


def _require(name: str, extra: str) -> ModuleType:
    """Import a package.

    Raises:
        UsageError: if it is not installed, with the command that installs it.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise UsageError(
            f"this needs the package {name}; install it with: pip install 'cyclekit[{extra}]'"
        ) from error
