"""Writes OpenVINO's format: NAME.xml, and NAME.bin beside it."""

from __future__ import annotations

from pathlib import Path

from cyclekit.errors import ExportError
from cyclekit.export import packages
from cyclekit.export.about import KEY
from cyclekit.export.engines import OpenVinoEngine
from cyclekit.export.onnx import make_onnx
from cyclekit.export.order import Order
from cyclekit.export.writers import WRITERS, Run, Writer, Written


@WRITERS.register("openvino")
class OpenVinoWriter(Writer):
    """Two files, made from the ONNX; so int8 is calibrated in the same way."""

    ending = ".xml"

    def require(self) -> None:
        """Refuse if OpenVINO or onnx is missing."""
        packages.openvino()
        packages.onnx()
        packages.onnxruntime()

    def write(self, order: Order, path: Path) -> Written:
        """Write the arithmetic, and the weights beside it."""
        vino, onnx = packages.openvino(), packages.onnx()
        (model, about), between = make_onnx(order, inputs_only=True), path.with_suffix(".onnx")
        onnx.save(model, str(between))
        try:
            converted = packages.openvino_core().read_model(str(between))
            converted.set_rt_info(about.dump(), [KEY])
            vino.save_model(converted, str(path), compress_to_fp16=order.about.precision == "fp16")
        except RuntimeError as error:
            reason = str(error).strip().splitlines()[-1]
            raise ExportError(f"OpenVINO cannot hold this network: {reason}") from error
        finally:
            between.unlink()
        return Written((path.with_suffix(".bin"), path), about)

    def read(self, path: Path) -> Run:
        """Run it in OpenVINO."""
        return OpenVinoEngine(path).on_tensor
