"""The kinds of data that methods learn from: how folders become domains, and domains batches."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from cyclekit.data.augment import Augmentation
from cyclekit.data.class_folders import find_classes, find_single
from cyclekit.data.datasets import Labelled, Paired, Pictures, Single, Unpaired
from cyclekit.data.layouts import Domain, find_domains
from cyclekit.data.pairs import find_pairs

Domains = tuple[Domain, ...]


@dataclass(frozen=True)
class Kind:
    """One kind of data."""

    find: Callable[[Sequence[Path], Sequence[str] | None], Domains]
    """From folders, and names or None, to domains; refuses what is laid out otherwise."""
    open: Callable[[Domains, Augmentation, int, int], Pictures]
    """From domains, augmentation, seed and bytes of cache to what a run learns from."""
    pictures: tuple[str, ...]
    """Names of a batch's pictures."""
    least: int
    """How many domains there are at least."""
    labelled: bool = False
    """Whether a batch says which domain each picture is of."""


def _single(domains: Domains, augmentation: Augmentation, seed: int, cache: int) -> Single:
    (domain,) = domains
    return Single(domain, augmentation, seed, cache)


def _unpaired(domains: Domains, augmentation: Augmentation, seed: int, cache: int) -> Unpaired:
    a, b = domains
    return Unpaired(a, b, augmentation, seed, cache)


def _paired(domains: Domains, augmentation: Augmentation, seed: int, cache: int) -> Paired:
    a, b = domains
    return Paired(a, b, augmentation, seed, cache)


KINDS = {
    "single": Kind(
        find_single,
        _single,
        pictures=("picture",),
        least=1,
    ),
    "labelled": Kind(find_classes, Labelled, pictures=("picture",), least=2, labelled=True),
    "paired": Kind(
        find_pairs,
        _paired,
        pictures=("a", "b"),
        least=2,
    ),
    "unpaired": Kind(
        find_domains,
        _unpaired,
        pictures=("a", "b"),
        least=2,
    ),
}
"""By the name that `Method.data` gives."""
