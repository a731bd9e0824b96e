"""All that a run needs to go on, in one file."""

from __future__ import annotations

import os
import pickle
import zipfile
from pathlib import Path
from typing import Any

import torch

from cyclekit.errors import CheckpointError, MediaError
from cyclekit.media.atomic import replacing

FORMAT = 1


def save_state(path: Path, state: dict[str, Any]) -> None:
    """Write `state` (tensors and plain values) beside `path`, then rename: all or nothing.

    Raises:
        CheckpointError: if it cannot be written; the old file stays.
    """
    try:
        with replacing(path) as part:
            _write(part, {"format": FORMAT, **state})
    except (MediaError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise CheckpointError(f"{path}: the state cannot be written: {reason}") from error


def _write(path: Path, state: dict[str, Any]) -> None:
    with path.open("wb") as file:
        torch.save(state, file)
        file.flush()
        os.fsync(file.fileno())


def load_state(path: Path) -> dict[str, Any]:
    """Read what `save_state` wrote; nothing in the file is run.

    Raises:
        CheckpointError: if the file is damaged, foreign, or of a newer cyclekit.
    """
    try:
        _check_sums(path)
        state = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, zipfile.BadZipFile, pickle.UnpicklingError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise CheckpointError(f"{path}: not a readable state file: {reason}") from error
    if not isinstance(state, dict) or not isinstance(state.get("format"), int):
        raise CheckpointError(f"{path}: not a state that cyclekit wrote")
    if state["format"] > FORMAT:
        raise CheckpointError(
            f"{path}: format {state['format']}, this cyclekit reads up to {FORMAT}; upgrade it"
        )
    return state


def _check_sums(path: Path) -> None:
    """Refuse what torch would read with wrong numbers: it looks at no checksum.

    Raises:
        zipfile.BadZipFile: if it is no archive, or a part does not have its checksum.
    """
    with zipfile.ZipFile(path) as archive:
        damaged = archive.testzip()
    if damaged is not None:
        raise zipfile.BadZipFile(f"{damaged} is damaged")
