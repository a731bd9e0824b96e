"""Unpaired image-to-image translation: `translate = cyclekit.load(); after = translate(before)`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from cyclekit.inference.control import blend
    from cyclekit.inference.translator import Translator

__all__ = ["Translator", "__version__", "blend", "load"]

__version__ = "0.1.0"


def load(
    source: str | Path | None = None,
    direction: str | None = None,
    *,
    style: int | None = None,
    pixel_range: str | None = None,
    precision: str = "auto",
    device: str = "auto",
    batch_size: int | Literal["auto"] = "auto",
    tile: int | Literal["auto", "off"] = "auto",
    memory: int | str | None = None,
    compiled: bool = False,
) -> Translator:
    """Load a model, ready to translate pictures that are numpy arrays.

    Args:
        source: None for the default embedded model, the name of an embedded model, a model file,
            a foreign checkpoint, an ONNX or OpenVINO file, or the folder of a run.
        direction: "ab", "ba", "horse-to-zebra", the target's name, or None for the first; a model
            of many domains wants the target's name.
        style: number of one of the styles of a model that knows many; None for the middle of all.
        pixel_range: values of a foreign ONNX or OpenVINO file's pixels: "-1..1", "0..1", "0..255",
            or what goes in and what comes out: "0..255,0..1"; None to find out on a photograph.
        precision: "fp32", "bf16", "fp16", or "auto": the fastest that changes the picture by less
            than one level of 255 on average.
        device: "cpu", "cuda", "cuda:1", or "auto".
        batch_size: pictures of one shape that `stream` translates at once.
        tile: "auto": the whole picture if memory allows, tiles if not; "off": never tiles; a
            number: tiles of so many pixels a side for whatever is larger. The result is the same.
        memory: bytes to work in, also as "4G" or "800M"; None for a share of what is free.
        compiled: let torch compile the network for whole pictures.

    Raises:
        UsageError: if there is no such model, device or precision, or an argument is of no use.
        CheckpointError: if the model cannot be used.
    """
    from cyclekit.hub.open import open_generator
    from cyclekit.inference.translator import Translator

    _check_source(source)
    opened = open_generator(source, direction, style, pixel_range)
    return Translator(
        opened.generator,
        device=device,
        precision=precision,
        batch_size=batch_size,
        tile=tile,
        memory=memory,
        compiled=compiled,
    )


def _check_source(source: Any) -> None:
    from cyclekit.errors import UsageError

    if not (source is None or isinstance(source, str | Path)):
        raise UsageError(f"source must be a model's name or path, or None; got {source!r}")


def __getattr__(name: str) -> Any:
    """Import the rest on first use: `import cyclekit` alone stays free of torch and OpenCV."""
    if name == "Translator":
        from cyclekit.inference.translator import Translator

        return Translator
    if name == "blend":
        from cyclekit.inference.control import blend

        return blend
    raise AttributeError(f"module 'cyclekit' has no attribute '{name}'")
