"""From whatever a user calls a model to a generator that is ready to run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar, cast

from cyclekit.checkpoint.model import ModelInfo, is_model, load_model, read_info
from cyclekit.errors import UsageError
from cyclekit.export.open import is_exported, open_exported
from cyclekit.hub.source import find_model
from cyclekit.legacy.convert import convert
from cyclekit.models import DomainGenerator, Generator, ImageGenerator, NoiseGenerator
from cyclekit.models.base import Kind

G_co = TypeVar("G_co", bound=Generator, covariant=True)


_USES: dict[Kind, str] = {
    "translator": "translates pictures; use cyclekit translate",
    "domains": "translates pictures; use cyclekit translate",
    "noise": "makes pictures from noise; use cyclekit sample",
    "predictor": "predicts the next frame of videos, and serves for nothing else",
}


@dataclass(frozen=True)
class OpenModel(Generic[G_co]):
    """One generator of a model, ready to run."""

    generator: G_co
    """In evaluation mode, float32, on the CPU."""
    info: ModelInfo
    """What the file says about itself, or what was read from a foreign file's keys and shapes."""
    direction: str
    """The direction chosen: "ab" or "ba"; "noise" of a generator from noise; "any-to-zebra", or
    "any", of a generator of many domains."""
    path: Path
    """The file it came from."""
    style: int | None = None
    """The style chosen; None for the only one, or the middle of all."""
    notes: tuple[str, ...] = ()
    """What the user should know, such as what was assumed of a foreign network."""

    @property
    def names(self) -> tuple[str, str]:
        """Domains of this direction: (source, target)."""
        return self.info.domains(self.direction)

    @property
    def provenance(self) -> Mapping[str, Any]:
        """Where the model comes from."""
        return self.info.provenance


def open_model(
    source: str | Path | None = None, direction: str | None = None, ranges: str | None = None
) -> OpenModel[Generator]:
    """Open a model of any kind.

    Args:
        source: None (the default embedded model), the name of an embedded model, a model file of
            cyclekit, a foreign checkpoint (.pth, .pt, .safetensors), an ONNX or OpenVINO file
            (.onnx, .xml), or the folder of a run.
        direction: "ab", "ba", "horse-to-zebra", the target's name, or None for the only or first.
        ranges: of the pixels of a foreign ONNX or OpenVINO file, "0..1", or of input and output:
            "0..255,0..1"; None to find out.

    Raises:
        UsageError: if there is no such name or file, or the file holds no such direction.
        CheckpointError: if the file cannot be used.
    """
    return _open(find_model(source), direction, ranges)


def open_generator(
    source: str | Path | None = None,
    direction: str | None = None,
    style: int | None = None,
    ranges: str | None = None,
) -> OpenModel[ImageGenerator]:
    """Open one direction of a model that translates; arguments and errors as in `open_model`.

    Args:
        source: as there.
        direction: as there; a model of many domains has no first one, and wants a name.
        style: number of one of a model's styles; None for the middle of all.
        ranges: as there.

    Raises:
        UsageError: if the model makes pictures from something else, or knows no styles, or many
            domains of which none is named.
    """
    path = find_model(source)
    kind = _require(path, "translator", "domains")
    opened = _open(path, direction, ranges)
    if kind == "domains":
        return _towards(cast("OpenModel[DomainGenerator]", opened), style)
    if style is not None:
        raise UsageError(f"{path}: knows one style only; leave --style {style} out")
    return cast("OpenModel[ImageGenerator]", opened)


def open_noise(source: str | Path) -> OpenModel[NoiseGenerator]:
    """Open a model that makes pictures from noise; arguments and errors as in `open_model`.

    Raises:
        UsageError: if the model makes pictures from something else.
    """
    path = find_model(source)
    _require(path, "noise")
    return cast("OpenModel[NoiseGenerator]", _open(path, None))


def _require(path: Path, *kinds: Kind) -> Kind:
    """Return what kind a model is of, if it is one of these."""
    found = _kind(path)
    if found not in kinds:
        raise UsageError(f"{path}: {_USES[found]}")
    return found


def _towards(opened: OpenModel[DomainGenerator], style: int | None) -> OpenModel[ImageGenerator]:
    """Fix domain and style: what is left is a translator like any other."""
    info, generator = opened.info, opened.generator
    if opened.direction in info.directions:
        names = ", ".join(info.names)
        raise UsageError(f"{opened.path}: name the domain to turn pictures into, --to: {names}")
    if style is not None and not generator.style:
        raise UsageError(f"{opened.path}: knows one style only; leave --style {style} out")
    label = info.abilities().index(opened.direction)
    made = generator.towards(label, generator.styled(style))
    return OpenModel(made, info, opened.direction, opened.path, style)


def _kind(path: Path) -> Kind:
    """Read what a model makes pictures from; all foreign ones translate."""
    return read_info(path).kind if is_model(path) else "translator"


def _open(path: Path, direction: str | None, ranges: str | None = None) -> OpenModel[Generator]:
    if is_exported(path):
        file = open_exported(path, ranges)
        chosen = file.info.find(direction)
        return OpenModel(file.generator, file.info, chosen, path, notes=file.notes)
    if ranges is not None:
        raise UsageError(f"{path}: its pixels' range is known; --range is for ONNX and OpenVINO")
    if is_model(path):
        generator, info, chosen = load_model(path, direction)
        return OpenModel(generator, info, chosen, path)
    converted, info = convert(path)
    return OpenModel(converted, info, info.find(direction), path)
