"""The kinds of data that methods learn from: how folders become domains, and domains batches."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cyclekit.config.schema import Data
from cyclekit.data.augment import Augmentation
from cyclekit.data.class_folders import find_classes, find_single
from cyclekit.data.clip_roots import find_clips, find_two_clips
from cyclekit.data.datasets import Clips, Labelled, Paired, Pictures, Single, Unpaired
from cyclekit.data.films import CLIP
from cyclekit.data.layouts import Domain, find_domains
from cyclekit.data.pairs import find_pairs

Domains = tuple[Domain, ...]


@dataclass(frozen=True)
class Kind:
    """One kind of data."""

    find: Callable[..., Domains]
    """From folders or videos, and names or None, to domains; refuses what is laid out otherwise.
    Clips also want `spacing`, the frames from one of a clip to the next."""
    open: Callable[[Domains, Augmentation, int, int], Pictures]
    """From domains, augmentation, seed and bytes of cache to what a run learns from."""
    pictures: tuple[str, ...]
    """Names of a batch's pictures."""
    least: int
    """How many domains there are at least."""
    labelled: bool = False
    """Whether a batch says which domain each picture is of."""
    frames: int = 1
    """Pictures in one: those of a clip are stacked as channels, (N, 3 frames, H, W)."""

    def find_in(self, data: Data) -> Domains:
        """Find the domains that the settings name."""
        how = {"spacing": data.spacing} if self.frames > 1 else {}
        return self.find(data.roots, data.names, **how)


def _single(domains: Domains, augmentation: Augmentation, seed: int, cache: int) -> Single:
    (domain,) = domains
    return Single(domain, augmentation, seed, cache)


def _clips(domains: Domains, augmentation: Augmentation, seed: int, cache: int) -> Clips:
    (domain,) = domains
    return Clips(domain, augmentation, seed, cache)


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
    "clips": Kind(find_clips, _clips, pictures=("clip",), least=1, frames=CLIP),
    "unpaired clips": Kind(find_two_clips, _unpaired, pictures=("a", "b"), least=2, frames=CLIP),
}
"""By the name that `Method.data` gives."""
