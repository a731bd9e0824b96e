"""Which pictures a model is measured on, and what it makes of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cyclekit.checkpoint.model import ModelInfo
from cyclekit.data.layouts import Domain, find_domains
from cyclekit.data.source import Source
from cyclekit.data.sources import read_source
from cyclekit.errors import DataError, MediaError
from cyclekit.evaluation.listener import Listener
from cyclekit.evaluation.pile import Pile, pile_of_sources
from cyclekit.inference.folder import translate_files
from cyclekit.inference.results import Options
from cyclekit.inference.translator import Translator
from cyclekit.media.images import Picture, write
from cyclekit.media.mirror import Job


@dataclass(frozen=True)
class Split:
    """The pictures of a dataset from the view of one direction."""

    source: Pile
    """Inputs that training did not see."""
    real: Pile
    """Pictures of the target domain that training did not see."""
    train: Pile
    """Pictures of the target domain that training saw."""
    target: str
    """Name of the target domain."""


def find_split(
    roots: Sequence[Path], info: ModelInfo, direction: str, names: Sequence[str] | None = None
) -> Split:
    """Find the test split of a dataset, and which of its domains a model turns into the other.

    Domains that have the model's names are matched by them; else the first is the model's first.

    Args:
        roots: as `cyclekit.data.layouts.find_domains` takes them.
        info: what the model says about itself.
        direction: "ab" or "ba", or "any-to-zebra".
        names: of the dataset's domains; None takes them from the folders.

    Raises:
        DataError: if the folders are laid out otherwise, or a domain has fewer than two pictures
            that training did not see.
    """
    domains = find_domains(roots, names)
    found = {domain.name.casefold(): domain for domain in domains}
    target_name = info.domains(direction)[1].casefold()
    if found.keys() == {name.casefold() for name in info.names} or info.kind == "domains":
        if target_name not in found:
            names = " and ".join(found)
            raise DataError(f"the model makes '{target_name}', the folders hold {names}")
        target = found.pop(target_name)
        (source,) = found.values()
    else:
        source, target = domains if direction == "ab" else domains[::-1]
    for domain in (source, target):
        _require_test(domain, roots)
    return Split(
        pile_of_sources(f"test {source.name}", source.held_out),
        pile_of_sources(f"test {target.name}", target.held_out),
        pile_of_sources(f"train {target.name}", target.train),
        target.name,
    )


def translate_pile(
    translator: Translator, pile: Pile, folder: Path, name: str, listener: Listener
) -> Pile:
    """Translate a pile into PNG files of its keys; what fails is said, and left out.

    Args:
        translator: the model.
        pile: the inputs.
        folder: for the outputs; files that are there are made again.
        name: of the pile that comes out.
        listener: hears of progress and failures.

    Returns:
        The outputs, by the keys of the inputs.
    """
    made: dict[str, Source] = {}
    places = {folder / f"{key}.png": key for key in pile.sources}
    jobs = _jobs(pile, folder, listener)
    results = translate_files(translator, jobs, Options(overwrite=True))
    for result in listener.watch(results, f"translating with {name}", len(pile)):
        if result.error is None:
            made[places[result.output]] = Source(result.output)
        else:
            listener.failed(f"{result.input}: {result.error}")
    return Pile(name, made)


def _jobs(pile: Pile, folder: Path, listener: Listener) -> Iterator[Job]:
    """Name inputs and outputs; halves of side-by-side pairs become files first."""
    for key, source in pile.sources.items():
        path = source.path
        if source.half or source.frame is not None:
            path = folder.with_name(f"{folder.name}-inputs") / f"{key}.png"
            try:
                write(path, Picture(read_source(source)))
            except MediaError as error:
                listener.failed(str(error))
                continue
        yield Job(path, folder / f"{key}.png")


def _require_test(domain: Domain, roots: Sequence[Path]) -> None:
    if len(domain.held_out) < 2:
        places = ", ".join(map(str, roots))
        raise DataError(
            f"{places}: domain '{domain.name}' has {len(domain.held_out)} test pictures, needs at "
            "least 2; expected folders such as testA and testB"
        )
