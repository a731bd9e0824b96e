"""A run is one folder that explains itself."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cyclekit.checkpoint.state import load_state
from cyclekit.config.resolve import differences, dump, resolve
from cyclekit.config.schema import Config
from cyclekit.errors import ConfigError, TrainingError

FREE = (
    "data.workers", "data.cache", "train.log_every", "train.state_every", "train.sample_every",
    "train.keep_discriminators", "train.evaluate_every", "train.patience", "train.features",
    "train.tensorboard",
)  # fmt: skip
"""Settings that may change between sittings: they do not change what is learned."""


class Run:
    """The files of a run.

    Args:
        folder: made if absent.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = folder / "config.yaml"
        self.log = folder / "log.jsonl"
        self.model = folder / "model.safetensors"
        self.best = folder / "best.safetensors"
        self.state = folder / "state.pt"
        self.page = folder / "training.html"
        self.samples = folder / "samples"

    def start(self, config: Config) -> None:
        """Make the folder and write the settings.

        Raises:
            ConfigError: if the folder holds something other than a run.
            TrainingError: if it cannot be made.
        """
        if self.model.exists():
            raise ConfigError(
                f"{self.folder}: holds a model but no state to go on from; give a new folder"
            )
        try:
            if self.folder.exists() and not self.config.exists() and any(self.folder.iterdir()):
                raise ConfigError(f"{self.folder}: not empty and not a run; give a new folder")
            self.samples.mkdir(parents=True, exist_ok=True)
            self.config.write_text(dump(config), encoding="utf-8")
        except OSError as error:
            raise TrainingError(
                f"{self.folder}: cannot be a run's folder: {error.strerror or error}"
            ) from error

    def resume(self, config: Config) -> dict[str, Any] | None:
        """Return the last state, or None where there is none yet.

        Raises:
            ConfigError: if a setting that changes what is learned differs from the state's.
            CheckpointError: if the state cannot be read.
        """
        if not self.state.exists():
            return None
        state = load_state(self.state)
        before = resolve([state["config"]]).plain()  # what an older cyclekit knew nothing of
        changes = differences(_binding(before), _binding(config.plain()))
        if changes:
            raise ConfigError(
                f"{self.folder}: this run was started with another {changes[0]}; "
                "use the same settings to go on, or a new folder"
            )
        return state


def _binding(tree: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        section: {key: value for key, value in values.items() if f"{section}.{key}" not in FREE}
        for section, values in tree.items()
    }
