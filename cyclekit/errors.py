"""What can go wrong, as a tree. Every message names the value, what was expected, what to do.

CyclekitError              exit code 1
├── UsageError             exit code 2: the call itself is wrong
│   ├── UnknownNameError   a name that no registry knows
│   └── ConfigError        a setting that does not exist or does not fit
├── MediaError             a picture that cannot be read or written
│   └── TruncatedError     a picture file that ends too early
├── DataError              a folder that cannot serve as a dataset
├── CheckpointError        a model or state file that cannot be used
├── ExportError            a model that a format cannot hold, or not well enough
├── HubError               a model that cannot be fetched from others, or given to them
└── TrainingError          a run that cannot go on
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class CyclekitError(Exception):
    """A mistake the user can mend; the message is one line."""

    exit_code = 1


class UsageError(CyclekitError):
    """The command or call was wrong."""

    exit_code = 2


class UnknownNameError(UsageError):
    """A name was not among the known ones."""

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        super().__init__(f"unknown {kind} '{name}'; {suggest(name, known)}")


class ConfigError(UsageError):
    """A setting does not exist, or its value does not fit."""


class MediaError(CyclekitError):
    """A picture could not be read or written."""


class TruncatedError(MediaError):
    """A picture's file ends before the picture does."""


class DataError(CyclekitError):
    """A folder cannot serve as a dataset."""


class CheckpointError(CyclekitError):
    """A model or state file cannot be used."""


class ExportError(CyclekitError):
    """A model cannot be exported, or what was written is not the same."""


class HubError(CyclekitError):
    """A model cannot be fetched from others, or given to them."""


class TrainingError(CyclekitError):
    """A run cannot go on."""


def suggest(name: str, known: Iterable[str]) -> str:
    """Say which known name was probably meant, or list them all."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    if near:
        return f"did you mean '{near[0]}'?"
    return f"expected one of: {', '.join(names)}"
