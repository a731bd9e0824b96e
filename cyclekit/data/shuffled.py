"""A pile of pictures in an order that can be entered anywhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from cyclekit.data.augment import Augmentation
from cyclekit.data.layouts import Source
from cyclekit.data.sources import Pixels, read_source
from cyclekit.errors import DataError, MediaError


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
        broken = []
        for index in self.order_from(position):
            try:
                image = self.prepared(index)
            except MediaError as error:
                broken.append(str(error))
                continue
            return self.cut(image, position), broken
        raise DataError(f"none of {len(broken)} pictures can be read; the first: {broken[0]}")

    def order_from(self, position: int) -> Iterator[int]:
        """Yield all indices of an epoch: that of `position`, then those that stand in for it."""
        epoch, place = divmod(position, len(self.sources))
        order = self._order_of(epoch)
        for step in range(len(order)):
            yield int(order[(place + step) % len(order)])

    def cut(self, image: Pixels, position: int) -> Pixels:
        """Cut the crop of `position` out of a prepared picture."""
        return self.augmentation(image, mix(self.seed, position))

    def prepared(self, index: int) -> Pixels:
        """Return a picture as crops are cut from it.

        Raises:
            MediaError: if it cannot be read.
        """
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


def mix(*numbers: int) -> int:
    """Make one seed of several numbers."""
    return int(np.random.SeedSequence(numbers).generate_state(1)[0])
