"""Fetch a model from where it was published, make it ours, and keep it under a name."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from cyclekit.checkpoint.model import ModelInfo, is_model, load_model, read_info, save_model
from cyclekit.data import checksums
from cyclekit.data.transfer import Progress
from cyclekit.errors import CheckpointError, HubError, UsageError
from cyclekit.hub.licence import read_licence
from cyclekit.hub.model_card import find_model_card, read_model_card
from cyclekit.hub.networks import NETWORKS
from cyclekit.hub.places import Arrival, OfAuthors, Place
from cyclekit.hub.published import PUBLISHED
from cyclekit.hub.source import embedded_models
from cyclekit.hub.store import (
    CARD,
    MODEL,
    WHOLE,
    arriving,
    check_name,
    find_pulled,
    keep,
    origin_of,
)  # fmt: skip
from cyclekit.legacy.convert import convert


@dataclass(frozen=True)
class Pulled:
    """A model that is in the user's cache."""

    path: Path
    """Its file; `open_model` takes its name too."""
    is_new: bool = False
    """Whether it has just come."""
    notes: tuple[str, ...] = ()
    """What the user should know."""

    @property
    def rights(self) -> str:
        """Who may do what with it, as far as anybody says."""
        card = find_model_card(self.path)
        return str(card.licence if card else origin_of(self.path).get("rights", "none is told"))


def pull_model(
    place: Place,
    *,
    name: str | None = None,
    cache: Path | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Pulled:
    """Fetch a model into the user's cache; do nothing if it is there.

    What comes may be anybody's: it is read as weights only. A model file of cyclekit is kept byte by
    byte, a checkpoint of the reference code is converted. What was fetched before a failure stays,
    and the next call goes on.

    Args:
        place: where from.
        name: what to call it; what it is called there if None.
        cache: the user's cache folder; found by the platform's rules if None.
        overwrite: fetch it anew, and replace what has the name.
        progress: called after every piece that arrives.

    Raises:
        UsageError: if the name is no name, or something else's.
        DataError: if a transfer fails, or an address sends another file than the first time.
        HubError: if there is no such thing, no right to it, or it is no model.
    """
    name = choose_name(place, name)
    there = None if overwrite else find_pulled(name, place.source, cache)
    if there is not None:
        return Pulled(there)
    with arriving(name, cache) as folder:
        came = place.bring(folder, progress)
        whole = folder / WHOLE
        shutil.rmtree(whole, ignore_errors=True)
        whole.mkdir()
        try:
            _make_ours(came, whole / MODEL)
        except CheckpointError as error:
            reason = str(error).removeprefix(f"{came.file}: ")
            if folder in came.file.parents:
                came.file.unlink()
            raise HubError(f"{place.source}: {reason}") from error
        if came.address is not None:
            checksums.remember(came.address, came.file)
        notes = _take_card(came, whole / CARD)
        origin = {"source": place.source, **_told_rights(came), **came.origin}
        kept = keep(whole, name, origin, cache)
        return Pulled(kept, True, notes)


def choose_name(place: Place, wanted: str | None) -> str:
    """Return what a pulled model will be called.

    Args:
        place: where from.
        wanted: what the user wants to call it; what it is called there if None.

    Raises:
        UsageError: if it cannot be a name, or something else has it that must not be hidden.
    """
    name = check_name(wanted or place.name)
    own = PUBLISHED.keys() - ({place.source} if isinstance(place, OfAuthors) else set())
    for what, names in (
        ("an embedded model", embedded_models()),
        ("a feature network", NETWORKS),
        ("a published checkpoint", own),
    ):
        if name.casefold() in {taken.casefold() for taken in names}:
            raise UsageError(f"'{name}' is the name of {what}; give another with --name")
    return name


def _make_ours(came: Arrival, target: Path) -> None:
    if is_model(came.file):
        _check(came.file)
        _require_known(came, read_info(came.file))
        shutil.copyfile(came.file, target)
    else:
        _convert(came, target)


def _take_card(came: Arrival, target: Path) -> tuple[str, ...]:
    """Keep the card; one that is none is left out, and said."""
    if came.card is None:
        return ()
    try:
        read_model_card(came.card)
    except CheckpointError as error:
        return (f"its card is left out: {str(error).removeprefix(f'{came.card}: ')}",)
    shutil.copyfile(came.card, target)
    return ()


def _told_rights(came: Arrival) -> dict[str, str]:
    """Return what the page that came says of the rights, for where no card does."""
    licence = None if came.page is None else read_licence(came.page)
    return {} if licence is None else {"rights": licence}


def _check(file: Path) -> None:
    """Refuse a model file whose weights do not fit what its header says."""
    info = read_info(file)
    ways = info.directions if info.kind == "translator" else (None,)
    for direction in ways:
        load_model(file, direction)


def _convert(came: Arrival, target: Path) -> None:
    generator, info = convert(came.file)
    info = replace(info, provenance={**info.provenance, **came.origin})
    if came.known is not None:
        info = replace(info, names=came.known.domains, directions=("ab",))
        _require_known(came, info)
    save_model(target, {info.directions[0]: generator}, info)


def _require_known(came: Arrival, info: ModelInfo) -> None:
    """Refuse what is not the published checkpoint that it would be called.

    Raises:
        CheckpointError: if it is another network, or turns something else into something else.
    """
    known = came.known
    if known is None:
        return
    ability = "-to-".join(known.domains)
    if info.kind == "translator" and ability in info.abilities():
        if info.generator.name == known.generator:
            return
        told = f"is a {info.generator.name}, and '{known.name}' a {known.generator}"
    else:
        told = f"does {', '.join(info.abilities())}, and '{known.name}' {ability}"
    raise CheckpointError(
        f"{came.file}: {came.file.name} {told}; pull the file itself, under a name of its own"
    )
