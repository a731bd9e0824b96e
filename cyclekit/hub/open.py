"""From whatever a user calls a model to a generator that is ready to run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cyclekit.checkpoint.model import ModelInfo, is_model, load_model
from cyclekit.hub.source import find_model
from cyclekit.legacy.convert import convert
from cyclekit.models import ImageGenerator


@dataclass(frozen=True)
class OpenModel:
    """One direction of a model, ready to run."""

    generator: ImageGenerator
    """In evaluation mode, float32, on the CPU."""
    info: ModelInfo
    """What the file says about itself, or what was read from a foreign file's keys and shapes."""
    direction: str
    """The direction chosen: "ab" or "ba"."""
    path: Path
    """The file it came from."""

    @property
    def names(self) -> tuple[str, str]:
        """Domains of this direction: (source, target)."""
        return self.info.domains(self.direction)

    @property
    def provenance(self) -> Mapping[str, Any]:
        """Where the model comes from."""
        return self.info.provenance


def open_generator(source: str | Path | None = None, direction: str | None = None) -> OpenModel:
    """Open one direction of a model.

    Args:
        source: None (the default embedded model), the name of an embedded model, a model file of
            cyclekit, a foreign checkpoint (.pth, .pt, .safetensors), or the folder of a run.
        direction: "ab", "ba", "horse-to-zebra", the target's name, or None for the only or first.

    Raises:
        UsageError: if there is no such name or file, or the file holds no such direction.
        CheckpointError: if the file cannot be used.
    """
    path = find_model(source)
    if is_model(path):
        generator, info, chosen = load_model(path, direction)
    else:
        generator, info = convert(path)
        chosen = info.find(direction)
    return OpenModel(generator, info, chosen, path)
