"""Where models lie that can be pulled: at an address, or on this machine."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit, urlunsplit

from cyclekit.data.transfer import Progress, fetch
from cyclekit.errors import HubError
from cyclekit.hub.extractors import file_checksum
from cyclekit.hub.model_card import card_file
from cyclekit.hub.published import PUBLISHED, Published
from cyclekit.hub.store import MODEL, README

MAX_BYTES = 2 << 30
"""Largest file that is taken from others: the largest published generator has 220 MB."""
_WEIGHTS = (".safetensors", ".pth", ".pt", ".bin")


@dataclass(frozen=True)
class Arrival:
    """A file that has come, not looked into yet."""

    file: Path
    """The file; anybody may have written it."""
    origin: Mapping[str, Any]
    """Where it is from: "address", "sha256" and what else is known; any JSON."""
    card: Path | None = None
    """The model card that came with it."""
    page: Path | None = None
    """The page about it, in Markdown, that came with it; it may tell a licence."""
    known: Published | None = None
    """What it is said to be; a file that is something else is refused."""
    address: str | None = None
    """Whose checksum is to be remembered once the file has proved to be a model."""


class Place(Protocol):
    """Somewhere that a model can be pulled from."""

    @property
    def source(self) -> str:
        """What the user calls it."""

    @property
    def name(self) -> str:
        """What the model is called there; it may be no name that `check_name` takes."""

    def bring(self, folder: Path, progress: Progress | None) -> Arrival:
        """Fetch the file.

        Args:
            folder: for what comes from elsewhere; what a broken transfer left there is gone on with.
            progress: called after every piece that arrives.

        Raises:
            DataError: if a transfer fails.
            HubError: if there is no such thing, or no right to it.
        """


@dataclass(frozen=True)
class Address:
    """A file that a server gives to everybody."""

    url: str
    """Its address, http or https."""

    @property
    def source(self) -> str:
        """The address as it may be told to others: without a password or a token in it."""
        parts = urlsplit(self.url)
        return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))

    @property
    def name(self) -> str:
        """The file's name, or its folder's where that says nothing."""
        folder, file = _ending(urlsplit(self.url).path)
        stem = Path(file).stem
        return folder if stem in ("model", "") else stem

    def bring(self, folder: Path, progress: Progress | None) -> Arrival:
        """Fetch the file, as `Place` says."""
        file = folder / safe_file_name(_ending(urlsplit(self.url).path)[1])
        fetch(self.url, file, progress=progress, limit=MAX_BYTES)
        origin = {"address": self.source, "sha256": file_checksum(file)}
        return Arrival(file, origin, address=self.url)


@dataclass(frozen=True)
class OnDisk:
    """A model file, or a folder such as a run's, or one that `push` filled."""

    path: Path

    @property
    def source(self) -> str:
        """The absolute path."""
        return str(self.path.resolve())

    @property
    def name(self) -> str:
        """The file's name, or its folder's where that says nothing."""
        path = self.path.resolve()
        is_named = path.is_file() and path.name != MODEL
        return path.stem if is_named else (path.parent if path.is_file() else path).name

    def bring(self, folder: Path, progress: Progress | None) -> Arrival:
        """Find the file, as `Place` says."""
        file = self.path / MODEL if self.path.is_dir() else self.path
        if not file.is_file():
            raise HubError(f"{self.path}: a folder without {MODEL}")
        if (size := file.stat().st_size) > MAX_BYTES:
            raise HubError(f"{file}: {size:,} bytes; over {MAX_BYTES:,} is refused")
        card = card_file(file)
        page = file.with_name(README)  # beside a file of another name it may be about anything
        return Arrival(
            file, {"sha256": file_checksum(file)},
            card=card if card.is_file() else None,
            page=page if file.name == MODEL and page.is_file() else None,
        )  # fmt: skip


@dataclass(frozen=True)
class OfAuthors:
    """A checkpoint that the authors of CycleGAN and pix2pix published."""

    source: str
    """Its name in `PUBLISHED`."""
    at: Place | None = field(default=None, compare=False)
    """Where else to take it from, such as a mirror or a file; its published address if None."""

    @property
    def name(self) -> str:
        """The same name."""
        return self.source

    @property
    def published(self) -> Published:
        """What is known of it."""
        return PUBLISHED[self.source]

    def bring(self, folder: Path, progress: Progress | None) -> Arrival:
        """Fetch the file, as `Place` says."""
        known = self.published
        came = (self.at or Address(known.url)).bring(folder, progress)
        origin = {
            "paper": known.paper, "data": known.dataset, "rights": known.rights,
            "published": known.url, **came.origin,
        }  # fmt: skip
        return Arrival(came.file, origin, known=known, address=came.address)


def safe_file_name(name: str) -> str:
    """Make of what a server calls a file a name that stays in its folder; the ending is kept."""
    path = Path(re.sub(r"[^\w.-]", "-", name).lstrip("."))
    ending = path.suffix if path.suffix in _WEIGHTS else ""
    return f"{path.stem[:64] or 'file'}{ending}"


def _ending(path: str) -> tuple[str, str]:
    """Return the last two parts of an address."""
    *_, folder, file = ["", "", *(unquote(part) for part in path.split("/"))]
    return folder, file
