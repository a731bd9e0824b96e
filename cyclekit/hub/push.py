"""Publish a model: its file, its card and a page, in a repository or a folder."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from cyclekit.checkpoint.model import is_model
from cyclekit.errors import HubError, MediaError, UsageError
from cyclekit.export.open import is_exported
from cyclekit.hub.card import read_card
from cyclekit.hub.model_card import (
    ModelCard,
    dump_model_card,
    find_model_card,
    read_model_card,
)
from cyclekit.hub.readme import SAMPLES, write_readme
from cyclekit.hub.repository import PREFIX, Repository, connect, parse_repository, told
from cyclekit.hub.source import find_model
from cyclekit.hub.store import CARD, MODEL, README
from cyclekit.media.shared_folder import filling

FILES = (MODEL, CARD, README, SAMPLES)
"""All that may be published, first the one that makes the rest worth reading."""


@dataclass(frozen=True)
class Bundle:
    """What is published."""

    folder: Path
    """Where the files are, made to be read."""
    files: tuple[str, ...]
    """Their names."""


@dataclass(frozen=True)
class Folder:
    """A folder of this machine, maybe one that others see too."""

    path: Path


def find_target(text: str) -> Repository | Folder:
    """Return where to publish: hf:USER/NAME, else a folder.

    Raises:
        UsageError: if it is written otherwise.
    """
    if not text:
        raise UsageError("no target is named; expected hf:USER/NAME or a folder")
    if not text.startswith(PREFIX):
        return Folder(Path(text).expanduser())
    repository = parse_repository(text)
    if repository.revision is not None:
        raise UsageError(f"'{text}': models are pushed to the main branch; leave @ out")
    return repository


@contextmanager
def bundle(
    source: str,
    target: Repository | Folder,
    *,
    card: Path | None = None,
    licence: str | None = None,
    draw: Callable[[Path], None] | None = None,
) -> Iterator[Bundle]:
    """Gather what is published, for as long as the block lasts.

    Args:
        source: the model, as `find_model` takes it.
        target: where it goes.
        card: its model card; the one beside it if None, and none if there is none.
        licence: of the weights, where no card tells it.
        draw: writes the picture of samples to a path; None for no picture.

    Raises:
        UsageError: if there is no such model, or nobody tells a licence.
        CheckpointError: if it cannot be used, or its card is damaged.
    """
    path = find_model(source)
    _require_model(path)
    written = find_model_card(path) if card is None else read_model_card(card)
    rights = _rights(path, written, licence)
    with tempfile.TemporaryDirectory(prefix="cyclekit-push-") as place:
        folder = Path(place)
        shutil.copyfile(path, folder / MODEL)
        if written is not None:
            (folder / CARD).write_text(dump_model_card(written), encoding="utf-8")
        if draw is not None:
            draw(folder / SAMPLES)
        name, pull = _called(target)
        facts = replace(read_card(path), text="" if written is None else written.text())
        page = write_readme(facts, name, pull, rights, samples=draw is not None)
        (folder / README).write_text(page, encoding="utf-8")
        yield Bundle(folder, tuple(sorted(file.name for file in folder.iterdir())))


def push_to_folder(made: Bundle, target: Folder, *, overwrite: bool = False) -> Path:
    """Put the files into a folder, as `filling` does: others in it stay.

    Raises:
        UsageError: if a model is there already and may not be replaced, or somebody else's file is
            in the way.
        HubError: if the file system refuses.
    """
    try:
        with filling(target.path, FILES, overwrite=overwrite) as part:
            for name in made.files:
                shutil.copyfile(made.folder / name, part / name)
    except MediaError as error:
        raise HubError(str(error)) from error
    return target.path


def push_to_repository(made: Bundle, target: Repository, *, private: bool = False) -> str:
    """Commit the files to a repository, which is made if there is none.

    The same commit deletes what is there of another model: its card, samples or page.

    Returns:
        The commit's address.

    Raises:
        HubError: if there is no token or no right, or the Hub does not answer.
    """
    with told(target):
        api = connect()
        from huggingface_hub import CommitOperationAdd, CommitOperationDelete, get_token

        if get_token() is None:
            raise HubError(
                f"{target.source}: no token of Hugging Face on this machine: hf auth login, or "
                "set HF_TOKEN"
            )
        api.create_repo(target.id, private=private, exist_ok=True)
        there = {sibling.rfilename for sibling in api.model_info(target.id).siblings or ()}
        changes: list[CommitOperationAdd | CommitOperationDelete] = [
            *(CommitOperationAdd(name, made.folder / name) for name in made.files),
            *(CommitOperationDelete(name) for name in FILES if name in there - {*made.files}),
        ]
        done = api.create_commit(target.id, changes, commit_message="Publish with cyclekit")
    return str(done.commit_url)


def _require_model(path: Path) -> None:
    if is_exported(path):
        raise UsageError(
            f"{path}: an ONNX or OpenVINO file; push the model file that it was exported from"
        )
    if not is_model(path):
        raise UsageError(
            f"{path}: not a model file of cyclekit; make it one: "
            f"cyclekit models convert {path} -o NAME.safetensors"
        )


def _rights(path: Path, card: ModelCard | None, licence: str | None) -> str:
    if card is not None and licence is not None and licence != card.licence:
        raise UsageError(f"--licence {licence}: the model's card says {card.licence}")
    rights = card.licence if card is not None else licence
    if not rights:
        raise UsageError(
            f"{path}: nobody says what others may do with it; give --licence, such as MIT, or a "
            "--card"
        )
    return rights


def _called(target: Repository | Folder) -> tuple[str, str]:
    if isinstance(target, Repository):
        return target.name, target.source
    return target.path.resolve().name, str(target.path)
