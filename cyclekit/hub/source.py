"""What a model's source means: a name, a file, or the folder of a run."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

from cyclekit.errors import CheckpointError, UsageError, suggest
from cyclekit.hub.published import PUBLISHED
from cyclekit.hub.store import pulled_models

DEFAULT_MODEL = "starry-night"
"""Name of the embedded model that is taken when none is asked for."""

EMBEDDED = Path(str(files("cyclekit.hub") / "embedded"))
"""Folder of the models inside the package: NAME.safetensors, and NAME.yaml about it."""

RUN_MODEL = "model.safetensors"
"""What `cyclekit train -o RUN` calls the model inside RUN."""

RUN_STATE = "state.pt"
"""What it calls the state there, which holds every network."""


def embedded_models(folder: Path = EMBEDDED) -> dict[str, Path]:
    """Return the files of all models in `folder`, by name, sorted."""
    return {path.stem: path for path in sorted(folder.glob("*.safetensors"))}


def named_models(folder: Path = EMBEDDED, cache: Path | None = None) -> dict[str, Path]:
    """Return the files of all models that have a name: embedded ones, which win, and pulled ones.

    Args:
        folder: where embedded models lie.
        cache: where pulled ones lie, as for `store`.
    """
    return {**pulled_models(cache), **embedded_models(folder)}


def find_model(
    source: str | Path | None, folder: Path = EMBEDDED, cache: Path | None = None
) -> Path:
    """Return the file that `source` means.

    Args:
        source: None for the default embedded model; the name of an embedded or a pulled model; or
            the path of a model file or of a run's folder. A name wins over a file of the same
            name, which "./name" or a `Path` reaches.
        folder: where embedded models lie.
        cache: where pulled ones lie, as for `store`.

    Raises:
        UsageError: if it is neither a name nor a path that exists.
        CheckpointError: if it is a folder without a model.
    """
    named = named_models(folder, cache)
    name = DEFAULT_MODEL if source is None else source
    if isinstance(name, str) and name in named:
        return named[name]
    path = Path(name).expanduser()
    if path.is_dir() and str(name):
        return _model_of_run(path)
    if path.is_file():
        return path
    raise UsageError(_missing(str(name), named))


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


def _missing(name: str, named: Mapping[str, Path]) -> str:
    what = f"no model file '{name}' exists, and no embedded or pulled model has that name"
    if name in PUBLISHED or name.startswith(("hf:", "https://")):
        return f"{what}; fetch it first: cyclekit models pull {name}"
    return f"{what}; {suggest(name, named) if named else 'this installation embeds none'}"
