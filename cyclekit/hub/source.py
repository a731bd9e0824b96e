"""What a model's source means: an embedded name, a file, or the folder of a run."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

from cyclekit.errors import CheckpointError, UsageError, suggest

DEFAULT_MODEL = "starry-night"
"""Name of the embedded model that is taken when none is asked for."""

EMBEDDED = Path(str(files("cyclekit.hub") / "embedded"))
"""Folder of the models inside the package: NAME.safetensors, and NAME.md about it."""

RUN_MODEL = "model.safetensors"
"""What `cyclekit train -o RUN` calls the model inside RUN."""

RUN_STATE = "state.pt"
"""What it calls the state there, which holds every network."""


def embedded_models(folder: Path = EMBEDDED) -> dict[str, Path]:
    """Return the files of all models in `folder`, by name, sorted."""
    return {path.stem: path for path in sorted(folder.glob("*.safetensors"))}


def find_model(source: str | Path | None, folder: Path = EMBEDDED) -> Path:
    """Return the file that `source` means.

    Args:
        source: None for the default embedded model; the name of an embedded model; or the path
            of a model file or of a run's folder. A name wins over a file of the same name, which
            "./name" or a `Path` reaches.
        folder: where embedded models lie.

    Raises:
        UsageError: if it is neither a name nor a path that exists.
        CheckpointError: if it is a folder without a model.
    """
    embedded = embedded_models(folder)
    name = DEFAULT_MODEL if source is None else source
    if isinstance(name, str) and name in embedded:
        return embedded[name]
    path = Path(name).expanduser()
    if path.is_dir() and str(name):
        return _model_of_run(path)
    if path.is_file():
        return path
    raise UsageError(_missing(str(name), embedded))


def state_beside(model: Path) -> Path | None:
    """Return the state of the run that a model file belongs to, None if it belongs to none."""
    state = model.with_name(RUN_STATE)
    return state if model.name == RUN_MODEL and state.is_file() else None


def _model_of_run(folder: Path) -> Path:
    path = folder / RUN_MODEL
    if not path.is_file():
        raise CheckpointError(
            f"{folder}: a folder without {RUN_MODEL}; give the folder of a run, or a model file"
        )
    return path


def _missing(name: str, embedded: Mapping[str, Path]) -> str:
    known = suggest(name, embedded) if embedded else "this installation embeds none"
    return f"no model file '{name}' exists, and no embedded model has that name; {known}"
