"""Repositories of Hugging Face: a model's file, card and page, and the Hub's errors in one line."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from json import JSONDecodeError
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cyclekit.data.transfer import Progress
from cyclekit.errors import HubError, UsageError
from cyclekit.hub.extractors import file_checksum
from cyclekit.hub.model_card import LARGEST
from cyclekit.hub.places import MAX_BYTES, Arrival, safe_file_name
from cyclekit.hub.store import CARD, MODEL, README

if TYPE_CHECKING:
    from huggingface_hub import HfApi
    from huggingface_hub.hf_api import RepoSibling

PREFIX = "hf:"
_ID = re.compile(r"hf:([\w.-]{1,96}/[\w.-]{1,96})(?:@([\w./-]{1,200}))?", re.ASCII)
_FOREIGN = re.compile(r"[\w.-]+\.(safetensors|pth|pt|bin)", re.ASCII)
_REFUSED = (401, 403)


@dataclass(frozen=True)
class Repository:
    """A repository of models: hf:USER/NAME, or hf:USER/NAME@REVISION."""

    id: str
    """USER/NAME."""
    revision: str | None = None
    """Branch, tag or commit; the main branch if None."""

    @property
    def source(self) -> str:
        """What the user calls it."""
        return f"{PREFIX}{self.id}" + (f"@{self.revision}" if self.revision else "")

    @property
    def name(self) -> str:
        """The repository's own name."""
        return self.id.split("/")[1]

    def bring(self, folder: Path, progress: Progress | None) -> Arrival:
        """Fetch the model file, and its card, or else its page, of one commit."""
        with told(self):
            api = connect()
            info = api.model_info(self.id, revision=self.revision, files_metadata=True)
            siblings = {sibling.rfilename: sibling for sibling in info.siblings or ()}
            model = siblings[_choose(self, list(siblings))]
            _check_size(self, model, MAX_BYTES)
            commit = str(info.sha)
            file = self._fetch(api, commit, model, folder, progress)
            card = page = None
            if CARD in siblings and model.rfilename == MODEL:
                _check_size(self, siblings[CARD], LARGEST)
                card = self._fetch(api, commit, siblings[CARD], folder, None)
            elif README in siblings and (siblings[README].size or 0) <= LARGEST:
                page = self._fetch(api, commit, siblings[README], folder, None)
        address = f"{api.endpoint}/{self.id}/resolve/{commit}/{model.rfilename}"
        origin = {"address": address, "revision": commit, "sha256": file_checksum(file)}
        return Arrival(file, origin, card=card, page=page)

    def _fetch(
        self, api: HfApi, commit: str, sibling: RepoSibling, folder: Path, progress: Progress | None
    ) -> Path:
        """Fetch one file and compare it with the checksum that the repository keeps."""
        came = api.hf_hub_download(
            self.id, sibling.rfilename, revision=commit, local_dir=folder, tqdm_class=_bar(progress)
        )
        file = Path(came).replace(folder / safe_file_name(Path(came).name))
        if not _is_what_was_kept(file, sibling):
            file.unlink()
            raise HubError(
                f"{self.source}: {sibling.rfilename} came damaged and was deleted; try again"
            )
        return file


def parse_repository(text: str) -> Repository:
    """Read hf:USER/NAME or hf:USER/NAME@REVISION.

    Raises:
        UsageError: if it is written otherwise.
    """
    match = _ID.fullmatch(text)
    if match is None or ".." in text:
        raise UsageError(
            f"'{text}' is no repository; expected hf:USER/NAME or hf:USER/NAME@REVISION"
        )
    return Repository(match[1], match[2])


def connect() -> HfApi:
    """Return the door to the Hub, or to the server that HF_ENDPOINT names.

    Raises:
        UsageError: if huggingface_hub is not installed.
    """
    try:
        from huggingface_hub import HfApi
        from huggingface_hub.utils import logging
        from huggingface_hub.utils.tqdm import disable_progress_bars
    except ImportError as error:
        raise UsageError("hf: needs huggingface_hub: pip install 'cyclekit[hub]'") from error
    disable_progress_bars()
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    return HfApi(endpoint=os.environ.get("HF_ENDPOINT"), library_name="cyclekit")


@contextmanager
def told(repository: Repository) -> Iterator[None]:
    """Turn the Hub's errors into one line.

    Raises:
        HubError: if the Hub refuses, or does not answer.
        UsageError: if the name is none that the Hub knows.
    """
    connect()
    from httpx2 import HTTPError
    from huggingface_hub.errors import HFValidationError

    try:
        yield
    except HFValidationError as error:
        raise UsageError(f"'{repository.source}' is no name of a repository") from error
    except (JSONDecodeError, RecursionError, KeyError) as error:
        reason = f"the answer of {connect().endpoint} is none of the Hub's"
        raise HubError(f"{repository.source}: {reason}") from error
    except (HTTPError, OSError, RuntimeError) as error:
        # A failed upload is wrapped: what it failed of counts.
        cause = error.__cause__ if type(error) is RuntimeError else error
        if isinstance(cause, OSError) and cause.errno is not None:  # the disk
            raise cause from error
        if not isinstance(cause, HTTPError | OSError):
            raise
        raise HubError(f"{repository.source}: {_reason(cause, repository)}") from error


def _reason(error: Any, repository: Repository) -> str:
    from huggingface_hub import errors, get_token

    if isinstance(error, errors.LocalEntryNotFoundError | ConnectionError):
        return _no_answer()
    if not isinstance(error, errors.HfHubHTTPError):
        return str(error).splitlines()[0] if isinstance(error, OSError) else _no_answer()
    token = "this machine's token" if get_token() else "no token (hf auth login, or HF_TOKEN)"
    if isinstance(error, errors.GatedRepoError):
        return "its owner wants to be asked first; do so on its page, and log in: hf auth login"
    if isinstance(error, errors.RepositoryNotFoundError):
        return f"no such repository, or none to be seen with {token}"
    if isinstance(error, errors.RevisionNotFoundError):
        return f"has no branch, tag or commit '{repository.revision}'"
    if isinstance(error, errors.RemoteEntryNotFoundError):
        return "a file that it lists is not there"
    status = error.response.status_code
    if status in _REFUSED:
        return f"no right to do this ({status}) with {token}"
    text = (error.server_message or error.response.reason_phrase or "").strip().splitlines()
    return f"the server answers {status}" + (f": {text[0]}" if text else "")


def _no_answer() -> str:
    where = connect().endpoint
    return f"no answer from {where}; check the network, and run the command again to go on"


def _choose(repository: Repository, names: list[str]) -> str:
    """Return the file that holds the model; names are anybody's."""
    foreign = [name for name in names if _FOREIGN.fullmatch(name)]
    if MODEL in names:
        return MODEL
    if len(foreign) == 1:
        return foreign[0]
    held = f"{len(foreign)} that may be one: {', '.join(foreign)}" if foreign else "none"
    raise HubError(
        f"{repository.source}: expected the file {MODEL}, or one checkpoint; holds {held}"
    )


def _check_size(repository: Repository, sibling: RepoSibling, limit: int) -> None:
    size = sibling.size or 0
    if size > limit:
        raise HubError(
            f"{repository.source}: {sibling.rfilename} has {size:,} bytes; over {limit:,} is refused"
        )


def _is_what_was_kept(file: Path, sibling: RepoSibling) -> bool:
    """Compare with the SHA-256 of large files, and with git's own checksum of small ones."""
    if sibling.lfs is not None:
        return file_checksum(file) == sibling.lfs.sha256
    data = file.read_bytes()
    blob = hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()
    return sibling.blob_id in (None, blob)


def _bar(progress: Progress | None) -> Any:
    """Make a bar that shows nothing and tells `progress` instead."""
    from huggingface_hub.utils.tqdm import tqdm

    class Bar(tqdm):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            self.here, self.all = options.get("initial") or 0, options.get("total")
            quiet = {**options, "disable": True}
            super().__init__(*arguments, **quiet)  # type: ignore[no-untyped-call]

        def update(self, n: float | None = 1) -> None:
            self.here += int(n or 0)
            if progress:
                progress(self.here, self.all)

    return Bar
