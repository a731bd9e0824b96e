"""The public datasets that `datasets/catalogue.yaml` describes."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from cyclekit.errors import UnknownNameError

LAYOUTS = ("unpaired", "paired", "classes", "single")


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One public dataset."""

    name: str
    """Key in the catalogue, and the folder that a download makes."""
    what: str
    """What the pictures show and where they came from, one sentence."""
    domains: tuple[str, ...]
    """Names of the domains, A first."""
    layout: str
    """One of `LAYOUTS`; `datasets/README.md` says what each means."""
    source: str
    """Page to read before use."""
    licence: str
    """What the source says, or "unknown: ..."."""
    counts: Mapping[str, int] = field(default_factory=dict)
    """Pictures per folder, where known."""
    size_mib: int | None = None
    """Size of the archive in MiB, about."""
    url: str | None = None
    """Address of the archive; None where only the source page gives it."""
    sha256: str | None = None
    """Checksum of the archive, 64 hexadecimal digits."""
    note: str = ""
    """What else to know."""


def entries() -> list[Entry]:
    """Return all known datasets, in the catalogue's order."""
    return list(_load().values())


def find(name: str) -> Entry:
    """Return the dataset of that name.

    Raises:
        UnknownNameError: if the catalogue has no such name.
    """
    known = _load()
    if name not in known:
        raise UnknownNameError("dataset", name, known)
    return known[name]


def catalogue_file() -> Path:
    """Return where the catalogue lies: inside an installed package, or in the checkout."""
    installed = Path(__file__).with_name("catalogue.yaml")
    if installed.is_file():
        return installed
    return Path(__file__).parents[2] / "datasets" / "catalogue.yaml"


@functools.cache
def _load() -> dict[str, Entry]:
    described = yaml.safe_load(catalogue_file().read_text(encoding="utf-8"))
    return {name: _entry(name, fields) for name, fields in described.items()}


def _entry(name: str, fields: dict[str, Any]) -> Entry:
    return Entry(name=name, **{**fields, "domains": tuple(fields["domains"])})
