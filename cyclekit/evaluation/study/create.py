"""Makes a study of folders of pictures."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence, Sized
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from cyclekit.errors import DataError, MediaError, UsageError
from cyclekit.evaluation.ahead import ahead
from cyclekit.evaluation.listener import Listener
from cyclekit.evaluation.study.design import (
    CONTROL,
    FILE,
    NAME,
    PICTURES,
    Design,
    Entry,
    Protocol,
    read_design,
    write_design,
)
from cyclekit.evaluation.study.prepare import write_prepared
from cyclekit.media.atomic import PART
from cyclekit.media.folders import list_pictures

MOST = 500
"""Pictures of one folder that a study draws from at most."""


@dataclass(frozen=True)
class Wish:
    """What a study is to be made of."""

    real: Path
    """Folder of real pictures."""
    fakes: Mapping[str, Path]
    """Folder of each method's pictures, by name."""
    protocol: Protocol
    title: str = "Real or fake?"
    """For participants."""
    size: int = 256
    """Side of every picture, px."""
    jpeg: int | None = None
    """Quality of the JPEG that every picture goes through; None for none."""
    seed: int = 0
    """Decides which pictures are taken and who sees what."""


@dataclass(frozen=True)
class _Work:
    """One picture to prepare."""

    path: Path
    root: Path
    obvious: bool = False


def create_study(wish: Wish, folder: Path, listener: Listener) -> Design:
    """Prepare all pictures alike and write the study; what an interrupted call left is used.

    Args:
        wish: what it is to be made of.
        folder: for the study; made if absent.
        listener: hears of progress, and of pictures that cannot be read, which are left out.

    Raises:
        UsageError: if the folder holds another study, or something else.
        DataError: if there are too few pictures.
        MediaError: if something cannot be written.
    """
    if wish.protocol.control and CONTROL in wish.fakes:
        raise UsageError(f"--fake {CONTROL}=...: --control takes this name; choose another")
    _check_folder(folder)
    reals = _drawn(wish.real, wish)
    fakes = {name: _drawn(root, wish) for name, root in wish.fakes.items()}
    _require_enough(wish, reals, fakes)
    design = _prepared(wish, folder, reals, fakes, listener)
    if (folder / FILE).exists():
        _require_the_same(folder, design)
        return design
    write_design(folder, design)
    return design


def _check_folder(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"-o {folder}: a file; expected a folder for the study")
    inside = {path.name for path in folder.iterdir()} if folder.exists() else set()
    if FILE in inside:
        return
    # What an interrupted call left may be used; pictures of somebody else are none of ours.
    begun = {path.name for path in (folder / PICTURES).glob("*") if not _is_ours(path)}
    for other in sorted(inside - {PICTURES} or begun):
        raise UsageError(f"-o {folder}: holds '{other}'; expected an empty or a new folder")


def _is_ours(path: Path) -> bool:
    return bool(re.fullmatch(NAME, path.name)) or path.name.endswith(PART)


def _drawn(folder: Path, wish: Wish) -> list[_Work]:
    """List a folder in an order that the seed decides, no more than are needed."""
    try:
        paths = list_pictures(folder)
    except OSError as error:
        reason = error.strerror or "not a folder"
        raise DataError(f"{folder}: expected a folder of pictures: {reason}") from error
    order = np.random.default_rng(wish.seed).permutation(len(paths))
    most = max(MOST, _most_needed(wish.protocol))
    return [_Work(paths[place], folder) for place in order[:most]]


def _most_needed(protocol: Protocol) -> int:
    return protocol.practice + 2 * (protocol.trials + protocol.vigilance)


def _require_enough(
    wish: Wish, reals: Sized, fakes: Mapping[str, Sized], *, set_apart: bool = False
) -> None:
    """Count before the work, and again when broken pictures have been left out.

    Args:
        wish: for the protocol.
        reals: real pictures.
        fakes: pictures of each method.
        set_apart: whether the real pictures behind obvious fakes are no longer among `reals`.
    """
    protocol = wish.protocol
    shown = protocol.practice + protocol.trials
    needed = shown + protocol.vigilance * (1 if set_apart else 2)
    needed += protocol.trials if protocol.control else 0
    counted = {wish.real: (needed, len(reals))}
    counted |= {path: (shown, len(fakes[name])) for name, path in wish.fakes.items()}
    for folder, (count, there) in counted.items():
        if there < count:
            raise DataError(
                f"{folder}: {there} usable pictures, expected at least {count}, for a participant"
                " sees none twice; add pictures, or give smaller --trials and --practice"
            )


def _prepared(
    wish: Wish, folder: Path, reals: list[_Work], fakes: dict[str, list[_Work]], listener: Listener
) -> Design:
    real = _prepare(wish, folder, reals, "real", listener)
    design = Design(
        title=wish.title, seed=wish.seed, size=wish.size, jpeg=wish.jpeg, protocol=wish.protocol,
        fakes={name: _prepare(wish, folder, works, name, listener).entries
               for name, works in fakes.items()},
        real=real.entries[wish.protocol.vigilance :],
    )  # fmt: skip
    _require_enough(wish, design.real, design.fakes, set_apart=True)
    _require_pairs(wish, design)
    jumbled = [replace(work, obvious=True) for work in real.works[: wish.protocol.vigilance]]
    if jumbled:
        obvious = _prepare(wish, folder, jumbled, "obvious fakes", listener).entries
        design = design.model_copy(update={"obvious": obvious})
    return design


@dataclass(frozen=True)
class _Prepared:
    """What could be read, in the order of the draw."""

    entries: tuple[Entry, ...]
    works: list[_Work]


def _prepare(
    wish: Wish, folder: Path, works: Sequence[_Work], name: str, listener: Listener
) -> _Prepared:
    def prepare(work: _Work) -> Entry | str:
        try:
            file = write_prepared(
                work.path, folder / PICTURES, f"{wish.seed} {name}", wish.size, wish.jpeg,
                obvious=work.obvious,
            )  # fmt: skip
        except MediaError as error:
            return str(error)
        return Entry(file=file, key=_key(work))

    entries, usable = [], []
    for work, made in zip(
        works, listener.watch(ahead(prepare, works), name, len(works)), strict=True
    ):
        if isinstance(made, str):
            listener.failed(made)
        else:
            entries.append(made)
            usable.append(work)
    return _Prepared(tuple(entries), usable)


def _key(work: _Work) -> str:
    key = work.path.relative_to(work.root).with_suffix("").as_posix()
    return key.encode(errors="surrogateescape").decode(errors="backslashreplace")


def _require_pairs(wish: Wish, design: Design) -> None:
    if wish.protocol.pairing != "same":
        return
    protocol = wish.protocol
    needed = protocol.practice + protocol.trials + protocol.vigilance
    keys = {entry.key for entry in design.real}
    for name, entries in design.fakes.items():
        shared = sum(entry.key in keys for entry in entries)
        if shared < needed:
            raise DataError(
                f"{wish.fakes[name]}: {shared} pictures share a name with one of {wish.real},"
                f" expected at least {needed}; leave --pairing at 'different'"
            )


def _require_the_same(folder: Path, design: Design) -> None:
    if read_design(folder) != design:
        raise UsageError(
            f"-o {folder}: holds another study (other pictures or settings); choose another folder"
        )
