"""Writes a folder with a page that runs the model in the visitor's browser."""

from __future__ import annotations

import base64
import gzip
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from cyclekit.errors import UsageError
from cyclekit.export import packages
from cyclekit.export.about import About
from cyclekit.export.engines import OnnxEngine
from cyclekit.export.onnx import make_onnx
from cyclekit.export.order import Order
from cyclekit.export.portable import SMALLEST
from cyclekit.export.web.folder import BUILDS, FILES, LICENCES, MODEL, PAGE
from cyclekit.export.web.half import halve_weights
from cyclekit.export.web.licences import licences
from cyclekit.export.web.page import render_page
from cyclekit.export.web.runtime import Files
from cyclekit.export.write import sample_pictures
from cyclekit.export.writers import WRITERS, Run, Writer, Written

SAMPLE = 1
"""Which of the sample pictures the page begins with, and checks the browser's arithmetic on."""


@WRITERS.register("web")
class WebWriter(Writer):
    """A folder of static files.

    Every file but the page is a script that hands over what it holds, packed by gzip and written in
    base64. So the page can also be opened from a disk, where browsers fetch nothing but scripts;
    and it is less to download than the bare files are.

    Args:
        runtime: the needed files of onnxruntime-web; None to read only.
    """

    ending, names = "", FILES
    precisions = ("fp32", "fp16")

    def __init__(self, runtime: Files | None = None) -> None:
        self._runtime = runtime

    def require(self) -> None:
        """Refuse if onnx or onnxruntime is missing."""
        packages.onnx()
        packages.onnxruntime()

    def write(self, order: Order, path: Path) -> Written:
        """Fill the folder `path`."""
        if self._runtime is None:
            raise ValueError("a page needs onnxruntime-web")
        path.mkdir(exist_ok=True)
        model, about = _made(order)
        sample, packed = _sample(order), gzip.compress(model, 9, mtime=0)
        _deliver(path / MODEL, {"model": packed, "sample": gzip.compress(sample[1], 9, mtime=0)})
        sizes = {}
        for name, (code, machine) in BUILDS.items():
            pieces = {"code": self._runtime[code], "machine": self._runtime[machine]}
            _deliver(path / f"{name}.js", {f"{name} {part}": pieces[part] for part in pieces})
            sizes[name] = sum((path / file).stat().st_size for file in (MODEL, f"{name}.js"))
        (path / LICENCES).write_text(licences(), encoding="utf-8")
        _, target = about.info.domains(about.info.directions[0])
        facts = {
            "stride": about.stride, "smallest": SMALLEST, "bytesPerPixel": about.bytes_per_pixel,
            "sample": sample[0], "sizes": sizes, "target": target,
        }  # fmt: skip
        render_page(path / PAGE, about, facts, model_bytes=len(packed))
        loaded = " or ".join(f"{sizes[name] / 1e6:.1f} MB for {name}" for name in BUILDS)
        return Written((path,), replace(about, note=f"a visitor loads {loaded}"))

    def read(self, path: Path) -> Run:
        """Run the network that visitors get, in onnxruntime."""
        return OnnxEngine(gzip.decompress(delivered(path / MODEL, "model")), path).on_tensor


def _made(order: Order) -> tuple[bytes, About]:
    """Return the network, which computes in float32, and what the page says of it."""
    about = order.about
    if about.processing:
        raise UsageError("the page takes any picture as it is; leave --with-processing out")
    model, plain = make_onnx(replace(order, about=replace(about, precision="fp32")))
    if about.precision == "fp16":
        halve_weights(model)
    return model.SerializeToString(), replace(plain, precision=about.precision)


def _sample(order: Order) -> tuple[Mapping[str, int], bytes]:
    """Return a picture's size, and the picture before and after, as torch makes it."""
    picture = sample_pictures()[SAMPLE]
    height, width = picture.shape[:2]
    both: Any = np.stack([picture, order.expected(picture)])
    return {"width": width, "height": height}, both.tobytes()


def _deliver(path: Path, pieces: Mapping[str, bytes]) -> None:
    """Write a script that hands pieces over, packed by gzip."""
    calls = (f'deliver("{name}", "{base64.b64encode(data).decode()}");\n' for name, data in pieces.items())  # fmt: skip
    path.write_text("".join(calls), encoding="ascii")


def delivered(path: Path, name: str) -> bytes:
    """Return a piece that a script hands over."""
    (text,) = re.findall(rf'^deliver\("{name}", "([^"]*)"\);$', path.read_text("ascii"), re.M)
    return base64.b64decode(text)
