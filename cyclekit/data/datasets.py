"""Training crops as a function of the position in the run, so that a run can resume exactly."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from cyclekit.data.augment import Augmentation
from cyclekit.data.layouts import Domain
from cyclekit.data.shuffled import Shuffled, mix
from cyclekit.data.sources import Pixels
from cyclekit.errors import DataError, MediaError


@dataclass(frozen=True)
class Item:
    """What a method learns from at one position of the run."""

    values: Mapping[str, Tensor]
    """By name: pictures, uint8 (3, crop, crop), of clips (3 frames, crop, crop); labels, int64 ()."""
    broken: tuple[str, ...] = ()
    """Messages about pictures that had to be skipped."""


class Pictures(Dataset[Item], ABC):
    """Position in the run -> what a method learns from there; its length is one epoch."""

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def __getitem__(self, position: int) -> Item: ...


class Single(Pictures):
    """One crop of the only domain: "picture".

    Args:
        domain: the pictures.
        augmentation: makes the crops.
        seed: decides order and crops.
        cache: decoded pictures kept, bytes.
    """

    def __init__(self, domain: Domain, augmentation: Augmentation, seed: int, cache: int) -> None:
        self._pile = Shuffled(domain.train, augmentation, mix(seed, 1), cache)

    def __len__(self) -> int:
        return len(self._pile.sources)

    def __getitem__(self, position: int) -> Item:
        picture, broken = self._pile.crop(position)
        return Item({"picture": _tensor(picture)}, tuple(broken))


class Clips(Single):
    """One crop of a clip of the only domain, its frames stacked as channels: "clip"."""

    def __getitem__(self, position: int) -> Item:
        item = super().__getitem__(position)
        return Item({"clip": item.values["picture"]}, item.broken)


class Labelled(Pictures):
    """One crop of any domain, "picture", and the domain's number, "label".

    The domains take turns in an order of their own, however many pictures each has: a rare class
    is learned like a common one, and every batch holds most classes.

    Args:
        domains: the classes.
        augmentation: makes the crops.
        seed: decides orders and crops.
        cache: decoded pictures kept, bytes, all domains together.
    """

    def __init__(
        self, domains: Sequence[Domain], augmentation: Augmentation, seed: int, cache: int
    ) -> None:
        self.seed = seed
        self._piles = [
            Shuffled(domain.train, augmentation, mix(seed, number), cache // len(domains))
            for number, domain in enumerate(domains)
        ]

    def __len__(self) -> int:
        return sum(len(pile.sources) for pile in self._piles)

    def __getitem__(self, position: int) -> Item:
        turn, place = divmod(position, len(self._piles))
        order = np.random.default_rng([self.seed, turn]).permutation(len(self._piles))
        label = int(order[place])
        picture, broken = self._piles[label].crop(turn)
        return Item({"picture": _tensor(picture), "label": torch.tensor(label)}, tuple(broken))


class Unpaired(Pictures):
    """One crop of each of two domains, "a" and "b", each domain in its own order.

    Args:
        a: first domain.
        b: second domain.
        augmentation: makes the crops.
        seed: decides orders and crops.
        cache: decoded pictures kept, bytes, both domains together.
    """

    def __init__(
        self, a: Domain, b: Domain, augmentation: Augmentation, seed: int, cache: int
    ) -> None:
        self.length = max(len(a.train), len(b.train))
        self._a = Shuffled(a.train, augmentation, mix(seed, 1), cache // 2)
        self._b = Shuffled(b.train, augmentation, mix(seed, 2), cache // 2)

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, position: int) -> Item:
        a, broken_a = self._a.crop(position)
        b, broken_b = self._b.crop(position)
        return Item({"a": _tensor(a), "b": _tensor(b)}, (*broken_a, *broken_b))


class Paired(Pictures):
    """The same crop of both pictures of a pair, "a" and "b", flipped and recoloured alike.

    Args:
        a: first domain.
        b: second domain; its pictures are the partners of the first's, in order.
        augmentation: makes the crops.
        seed: decides order and crops.
        cache: decoded pictures kept, bytes, both domains together.
    """

    def __init__(
        self, a: Domain, b: Domain, augmentation: Augmentation, seed: int, cache: int
    ) -> None:
        # One seed for both: the order and every crop are then the same.
        self._a, self._b = (
            Shuffled(domain.train, augmentation, mix(seed, 1), cache // 2) for domain in (a, b)
        )

    def __len__(self) -> int:
        return len(self._a.sources)

    def __getitem__(self, position: int) -> Item:
        broken = []
        for index in self._a.order_from(position):
            try:
                a, b = self._pair(index)
            except MediaError as error:
                broken.append(str(error))
                continue
            crops = {"a": self._a.cut(a, position), "b": self._b.cut(b, position)}
            return Item({name: _tensor(crop) for name, crop in crops.items()}, tuple(broken))
        raise DataError(f"none of {len(broken)} pairs can be read; the first: {broken[0]}")

    def _pair(self, index: int) -> tuple[list[Pixels], list[Pixels]]:
        a, b = self._a.prepared(index), self._b.prepared(index)
        if a[0].shape != b[0].shape:
            sizes = " and ".join(f"{image.shape[1]}x{image.shape[0]}" for image in (a[0], b[0]))
            path = self._a.sources[index].path
            raise MediaError(f"{path}: the pictures of this pair have other shapes: {sizes}")
        return a, b


def _tensor(image: Pixels) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(image)).permute(2, 0, 1)
