"""From what the user names to where a model is pulled from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from cyclekit.errors import UsageError, suggest
from cyclekit.export.open import is_exported
from cyclekit.hub.networks import NETWORKS
from cyclekit.hub.places import Address, OfAuthors, OnDisk, Place
from cyclekit.hub.published import PUBLISHED
from cyclekit.hub.repository import PREFIX, parse_repository


def find_place(text: str, files: Sequence[Path] = (), urls: Sequence[str] = ()) -> Place:
    """Return where a model lies.

    Args:
        text: the name of a published checkpoint, which wins over a path; hf:USER/NAME, maybe with
            @REVISION; the address of a file; or a model file, or a folder with one.
        files: of a published checkpoint: the file, if it is here already.
        urls: of a published checkpoint: another address, such as a mirror.

    Raises:
        UsageError: if it is none of these.
    """
    if not text:
        raise UsageError("nothing to pull is named; expected a name, hf:USER/NAME, a folder or an address")  # fmt: skip
    for one in (text, *map(str, files), *urls):
        _refuse_exported(one)
    if text in PUBLISHED:
        return OfAuthors(text, _other(text, files, urls))
    if files or urls:
        raise UsageError("--file and --url are for networks and published checkpoints, by name")
    if text.startswith(PREFIX):
        return parse_repository(text)
    if "://" in text:
        return _address(text)
    if Path(text).expanduser().exists():
        return OnDisk(Path(text).expanduser())
    raise UsageError(
        f"nothing to pull is called '{text}', and no such folder exists; "
        f"{suggest(text, [*NETWORKS, *PUBLISHED])}"
    )


def _refuse_exported(text: str) -> None:
    path = Path(urlsplit(text).path if "://" in text else text)
    if is_exported(path) and not path.is_dir():
        raise UsageError(
            f"{text}: ONNX and OpenVINO files are not pulled; such a file is used where it lies: "
            f"-m {path.name if '://' in text else text}"
        )


def _other(text: str, files: Sequence[Path], urls: Sequence[str]) -> Place | None:
    if len(files) + len(urls) > 1:
        raise UsageError(f"'{text}' is one file; give one --file or --url")
    if files:
        return OnDisk(files[0])
    return _address(urls[0]) if urls else None


def _address(text: str) -> Address:
    if not text.startswith(("https://", "http://")):
        raise UsageError(f"'{text}': expected an address that begins with https://")
    return Address(text)
