"""What the folder of a run tells about its models."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cyclekit.checkpoint.model import is_model
from cyclekit.config.resolve import read_file, resolve
from cyclekit.config.schema import Config
from cyclekit.errors import CheckpointError
from cyclekit.media.folders import natural
from cyclekit.training.run import FREE, Run


@dataclass(frozen=True)
class SavedRun:
    """A run that has saved at least one model."""

    models: tuple[Path, ...]
    """Its model files, all the way down."""
    config: Config
    """Its settings."""

    def recipe(self, model: Path, folder: Path) -> str:
        """Describe what a model was trained as; the same for runs that differ only by seed.

        Args:
            model: one of `models`.
            folder: of the run.
        """
        tree: dict[str, dict[str, Any]] = self.config.plain()
        for setting in (*FREE, "train.seed"):
            section, key = setting.split(".")
            tree[section].pop(key, None)
        return f"{model.relative_to(folder)} {json.dumps(tree, sort_keys=True)}"


def open_run(folder: Path) -> SavedRun:
    """Find the models of a run, and its settings.

    Raises:
        CheckpointError: if the folder does not exist or holds no model of cyclekit.
        ConfigError: if it holds no readable settings.
    """
    if not folder.is_dir():
        raise CheckpointError(f"{folder}: no such folder; expected the folder of a run")
    files = sorted(folder.rglob("*.safetensors"), key=natural)
    models = tuple(path for path in files if is_model(path))
    if not models:
        raise CheckpointError(f"{folder}: holds no model; expected the folder of a run")
    return SavedRun(models, resolve([read_file(Run(folder).config)]))
