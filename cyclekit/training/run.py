"""A run is one folder that explains itself."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from cyclekit.checkpoint.state import load_state
from cyclekit.config.resolve import differences, dump, resolve
from cyclekit.config.schema import Config
from cyclekit.errors import CheckpointError, ConfigError, TrainingError
from cyclekit.media.atomic import holding

FREE = (
    "data.workers", "data.cache", "train.log_every", "train.state_every", "train.sample_every",
    "train.keep_discriminators", "train.evaluate_every", "train.patience", "train.features",
    "train.tensorboard",
)  # fmt: skip
"""Settings that may change between sittings: they do not change what is learned."""
PARTS: dict[str, type] = {
    "config": dict, "pictures": list, "progress": dict, "method": dict, "average": dict,
    "optimizers": dict,
}  # fmt: skip
"""What a state of any version holds."""


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

    @contextmanager
    def held(self) -> Iterator[None]:
        """Make the folder, and keep other processes from training in it meanwhile.

        Raises:
            TrainingError: if one does already, or the folder cannot be made.
        """
        with ExitStack() as stack:
            try:
                self.folder.mkdir(parents=True, exist_ok=True)
                stack.enter_context(holding(self.folder))
            except BlockingIOError as error:
                raise TrainingError(
                    f"{self.folder}: another process trains here; wait for it, or give another folder"
                ) from error
            except OSError as error:
                raise _no_folder(self.folder, error) from error
            yield

    def require_room(self, config: Config) -> None:
        """Refuse what `train` would refuse of the folder, before anything long; write nothing.

        Raises:
            ConfigError: if it holds something else than this run, as `start` and `resume` say.
            CheckpointError: if its state cannot be read.
            TrainingError: if it cannot be made or written to, or another process trains in it.
        """
        nearest = next(
            one for one in (self.folder, *self.folder.absolute().parents) if one.exists()
        )
        if not nearest.is_dir():
            raise _no_folder(self.folder, NotADirectoryError(nearest))
        if not os.access(nearest, os.W_OK | os.X_OK):
            raise _no_folder(self.folder, PermissionError(errno.EACCES, "Permission denied"))
        if nearest == self.folder:
            with self.held():
                if self.resume(config) is None:
                    self._require_new()

    def start(self, config: Config) -> None:
        """Write the settings into the folder.

        Raises:
            ConfigError: if the folder holds something other than a run.
            TrainingError: if it cannot be made.
        """
        try:
            self._require_new()
            self.samples.mkdir(parents=True, exist_ok=True)
            self.config.write_text(dump(config), encoding="utf-8")
        except OSError as error:
            raise _no_folder(self.folder, error) from error

    def _require_new(self) -> None:
        if self.model.exists():
            raise ConfigError(
                f"{self.folder}: holds a model but no state to go on from; give a new folder"
            )
        if self.folder.exists() and not self.config.exists() and any(self.folder.iterdir()):
            raise ConfigError(f"{self.folder}: not empty and not a run; give a new folder")

    def resume(self, config: Config) -> dict[str, Any] | None:
        """Return the last state, or None where there is none yet.

        Raises:
            ConfigError: if a setting that changes what is learned differs from the state's.
            CheckpointError: if the state cannot be read.
        """
        if not self.state.exists():
            return None
        state = load_state(self.state)
        for part, kind in PARTS.items():
            if not isinstance(state.get(part), kind):
                raise CheckpointError(f"{self.state}: damaged, it holds no {part}")
        before = resolve([state["config"]]).plain()  # what an older cyclekit knew nothing of
        changes = differences(_binding(before), _binding(config.plain()))
        if changes:
            raise ConfigError(
                f"{self.folder}: this run was started with another {changes[0]}; "
                "use the same settings to go on, or a new folder"
            )
        return state


def _no_folder(folder: Path, error: OSError) -> TrainingError:
    taken = isinstance(error, FileExistsError | NotADirectoryError)
    reason = "a file stands in its way" if taken else error.strerror or error
    return TrainingError(f"{folder}: cannot be a run's folder: {reason}")


def _binding(tree: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        section: {key: value for key, value in values.items() if f"{section}.{key}" not in FREE}
        for section, values in tree.items()
    }
