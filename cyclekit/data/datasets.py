"""Training crops as a function of the position in the run, so that a run can resume exactly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from cyclekit.data.augment import Augmentation
from cyclekit.data.layouts import Domain, Source
from cyclekit.data.sources import Pixels, read_source
from cyclekit.errors import DataError, MediaError


@dataclass(frozen=True)
class Item:
    """One picture of each domain."""

    a: Tensor
    """uint8 (3, crop, crop)."""
    b: Tensor
    """uint8 (3, crop, crop)."""
    broken: tuple[str, ...] = ()
    """Messages about pictures that had to be skipped."""


class Shuffled:
    """A pile of pictures in an order that depends on the seed and the position only.

    Args:
        sources: the pictures.
        augmentation: makes crops of them.
        seed: decides order and crops.
        cache: decoded pictures kept, bytes.
    """

    def __init__(
        self, sources: Sequence[Source], augmentation: Augmentation, seed: int, cache: int
    ) -> None:
        self.sources, self.augmentation, self.seed = sources, augmentation, seed
        self._room = cache
        self._kept: dict[int, Pixels] = {}
        self._broken: dict[int, str] = {}
        self._order: tuple[int, NDArray[np.int64]] | None = None

    def crop(self, position: int) -> tuple[Pixels, list[str]]:
        """Return the crop at `position` and what is wrong with pictures skipped on the way.

        A broken picture is replaced by the next in its epoch's order.

        Raises:
            DataError: if no picture can be read.
        """
        epoch, place = divmod(position, len(self.sources))
        order = self._order_of(epoch)
        broken = []
        for step in range(len(order)):
            index = int(order[(place + step) % len(order)])
            try:
                image = self._prepared(index)
            except MediaError as error:
                broken.append(str(error))
                continue
            return self.augmentation(image, _mix(self.seed, position)), broken
        raise DataError(f"none of {len(order)} pictures can be read; the first: {broken[0]}")

    def _prepared(self, index: int) -> Pixels:
        if index in self._broken:
            raise MediaError(self._broken[index])
        if index in self._kept:
            return self._kept[index]
        try:
            image = self.augmentation.prepare(read_source(self.sources[index]))
        except MediaError as error:
            self._broken[index] = str(error)
            raise
        if image.nbytes <= self._room:
            self._room -= image.nbytes
            self._kept[index] = image
        return image

    def _order_of(self, epoch: int) -> NDArray[np.int64]:
        if self._order is None or self._order[0] != epoch:
            draws = np.random.default_rng([self.seed, epoch])
            self._order = epoch, draws.permutation(len(self.sources))
        return self._order[1]


class Unpaired(Dataset[Item]):
    """Position in the run -> one crop of each domain, each domain in its own order.

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
        self._a = Shuffled(a.train, augmentation, _mix(seed, 1), cache // 2)
        self._b = Shuffled(b.train, augmentation, _mix(seed, 2), cache // 2)

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, position: int) -> Item:
        a, broken_a = self._a.crop(position)
        b, broken_b = self._b.crop(position)
        return Item(_tensor(a), _tensor(b), (*broken_a, *broken_b))


def _tensor(image: Pixels) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(image)).permute(2, 0, 1)


def _mix(*numbers: int) -> int:
    return int(np.random.SeedSequence(numbers).generate_state(1)[0])
