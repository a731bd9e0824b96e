"""Writes TorchScript, for programs that hold torch but not cyclekit."""

from __future__ import annotations

import warnings
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from cyclekit.errors import ExportError
from cyclekit.export.about import KEY
from cyclekit.export.order import Order
from cyclekit.export.writers import WRITERS, Run, Writer, Written

NOTE = f"{KEY}.json"
"""The file inside that says what it is."""


@WRITERS.register("torchscript")
class TorchScriptWriter(Writer):
    """One file that `torch.jit.load` reads."""

    ending = ".pt"
    precisions = ("fp32", "fp16")

    def require(self) -> None:
        """Need nothing: torch is there."""

    def write(self, order: Order, path: Path) -> Written:
        """Trace, and write with what there is to say."""
        about = replace(order.about, parameters=order.parameters)
        try:
            with warnings.catch_warnings(), torch.no_grad():
                warnings.simplefilter("ignore")
                traced = torch.jit.trace(order.network(), order.example(), check_trace=False)
                torch.jit.save(traced, str(path), _extra_files={NOTE: about.dump()})
        except (RuntimeError, ValueError, TypeError) as error:
            reason = str(error).strip().partition("\n")[0]
            raise ExportError(f"TorchScript cannot hold this network: {reason}") from error
        return Written((path,), about)

    def read(self, path: Path) -> Run:
        """Run it in torch; only for what was just written, since it is a program."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            network = torch.jit.load(str(path), map_location="cpu")

        def run(x: Tensor) -> Tensor:
            with torch.inference_mode():
                return network(x)  # type: ignore[no-any-return]

        return run
