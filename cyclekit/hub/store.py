"""Models that were pulled: a folder each in the user's cache, named as the model is called."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import platformdirs

from cyclekit.errors import HubError, UsageError
from cyclekit.media.atomic import holding
from cyclekit.media.nested import parse_json

MODEL = "model.safetensors"
"""What every model's file is called, in its folder here and wherever it is pushed to."""
CARD = "model.yaml"
"""The model card beside it."""
README = "README.md"
"""The page about it, where it was pushed to; not kept here."""
ORIGIN = "origin.json"
"""Where it was pulled from, beside it."""
WHOLE = "whole"
"""What is made, in the folder in which a model arrives, of what has arrived."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}")
_PART = ".part"


def store(cache: Path | None = None) -> Path:
    """Return the folder of all pulled models.

    Args:
        cache: the user's cache folder; found by the platform's rules if None.
    """
    return (cache or platformdirs.user_cache_path("cyclekit")) / "models"


def pulled_models(cache: Path | None = None) -> dict[str, Path]:
    """Return the files of all pulled models by name, sorted; `cache` as for `store`."""
    found = sorted(store(cache).glob(f"*/{MODEL}"))
    return {path.parent.name: path for path in found if _NAME.fullmatch(path.parent.name)}


def origin_of(model: Path) -> Mapping[str, Any]:
    """Return where a pulled model comes from; of any other file, nothing."""
    if model.name != MODEL or model.parent.parent != store():
        return {}
    return _read_origin(model.parent)


def check_name(name: str) -> str:
    """Return a name that a model can be called by.

    Raises:
        UsageError: if it cannot be one; it may come from anywhere.
    """
    if not _NAME.fullmatch(name) or name.endswith((_PART, ".")):
        raise UsageError(
            f"'{name}' cannot be a model's name: expected letters, digits, '.', '_' and '-', 96 at "
            "most; give another with --name"
        )
    return name


def find_pulled(name: str, source: str, cache: Path | None = None) -> Path | None:
    """Return the file of a pulled model, None if there is none of that name.

    Args:
        name: what it is called.
        source: what it has to be pulled from.
        cache: as for `store`.

    Raises:
        UsageError: if what has the name was pulled from somewhere else.
    """
    model = store(cache) / name / MODEL
    if not model.is_file():
        return None
    other = _read_origin(model.parent).get("source")
    if other != source:
        raise UsageError(
            f"'{name}' is already the name of what was pulled from {other}; give another with "
            "--name, or --overwrite"
        )
    return model


@contextmanager
def arriving(name: str, cache: Path | None = None) -> Iterator[Path]:
    """Give the folder in which a model arrives; what has arrived stays there after a failure.

    Args:
        name: what the model will be called.
        cache: as for `store`.

    Raises:
        HubError: if the folder cannot be used, or another process is pulling the same.
    """
    folder = store(cache) / f".{name}{_PART}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with holding(folder):
            try:
                yield folder
            finally:
                shutil.rmtree(folder / WHOLE, ignore_errors=True)
                with suppress(OSError):  # what has arrived of a file stays
                    folder.rmdir()
    except BlockingIOError as error:
        raise HubError(f"another process is pulling '{name}'") from error
    except OSError as error:
        reason = error.strerror or error
        raise HubError(f"'{name}' cannot be kept in {folder.parent}: {reason}") from error


def keep(whole: Path, name: str, origin: Mapping[str, Any], cache: Path | None = None) -> Path:
    """Make a folder that has arrived the model of a name; one that was there is replaced.

    Args:
        whole: the folder `WHOLE`, with `MODEL` and maybe `CARD`, in the one that `arriving` gave.
        name: what the model will be called.
        origin: where it comes from, with "source" as the user wrote it; any JSON.
        cache: as for `store`.

    Returns:
        The model's file.
    """
    (whole / ORIGIN).write_text(json.dumps(origin, indent=1) + "\n", encoding="utf-8")
    target = store(cache) / name
    if target.exists():
        shutil.rmtree(whole.with_name("replaced"), ignore_errors=True)
        target.replace(whole.with_name("replaced"))
    whole.replace(target)
    for entry in whole.parent.iterdir():
        shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
    return target / MODEL


def _read_origin(folder: Path) -> Mapping[str, Any]:
    try:
        found = parse_json((folder / ORIGIN).read_text(encoding="utf-8"))
    except (OSError, ValueError):  # a part of the cache that somebody deleted
        return {}
    return found if isinstance(found, dict) else {}
