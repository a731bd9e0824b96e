"""All that a run needs to go on, in one file."""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import Any

import torch

from cyclekit.errors import CheckpointError

FORMAT = 1


def save_state(path: Path, state: dict[str, Any]) -> None:
    """Write `state` (tensors and plain values) beside `path`, then rename: all or nothing.

    Raises:
        CheckpointError: if it cannot be written; the old file stays.
    """
    part = path.with_name(path.name + ".part")
    try:
        with part.open("wb") as file:
            torch.save({"format": FORMAT, **state}, file)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except (OSError, RuntimeError) as error:
        part.unlink(missing_ok=True)
        raise CheckpointError(f"{path}: the state cannot be written: {error}") from error


def load_state(path: Path) -> dict[str, Any]:
    """Read what `save_state` wrote; nothing in the file is run.

    Raises:
        CheckpointError: if the file is damaged, foreign, or of a newer cyclekit.
    """
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, pickle.UnpicklingError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise CheckpointError(f"{path}: not a readable state file: {reason}") from error
    if not isinstance(state, dict) or "format" not in state:
        raise CheckpointError(f"{path}: not a state that cyclekit wrote")
    if state["format"] > FORMAT:
        raise CheckpointError(
            f"{path}: format {state['format']}, this cyclekit reads up to {FORMAT}; upgrade it"
        )
    return state
