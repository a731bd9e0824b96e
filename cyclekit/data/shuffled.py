"""A pile of pictures in an order that can be entered anywhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from cyclekit.data.augment import Augmentation
from cyclekit.data.films import reader_of
from cyclekit.data.source import Source
from cyclekit.data.sources import Pixels, read_source, wanted_half
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
        self._kept: dict[Source, Pixels] = {}
        self._broken: dict[Source, str] = {}
        self._of_films = {p for one in sources if one.frame is not None for p in one.parts}
        self._order: tuple[int, NDArray[np.int64]] | None = None

    def crop(self, position: int) -> tuple[Pixels, list[str]]:
        """Return the crop at `position` and what is wrong with pictures skipped on the way.

        It is uint8 (H, W, 3); of a clip (H, W, 3 T), all frames cut at the same place. A broken
        picture is replaced by the next in its epoch's order.

        Raises:
            DataError: if no picture can be read.
        """
        broken = []
        for index in self.order_from(position):
            try:
                images = self.prepared(index)
            except MediaError as error:
                broken.append(str(error))
                continue
            return self.cut(images, position), broken
        raise DataError(f"none of {len(broken)} pictures can be read; the first: {broken[0]}")

    def order_from(self, position: int) -> Iterator[int]:
        """Yield all indices of an epoch: that of `position`, then those that stand in for it."""
        epoch, place = divmod(position, len(self.sources))
        order = self._order_of(epoch)
        for step in range(len(order)):
            yield int(order[(place + step) % len(order)])

    def cut(self, images: Sequence[Pixels], position: int) -> Pixels:
        """Cut the crop of `position` out of a prepared picture, or out of all frames of a clip."""
        seed = mix(self.seed, position)
        return np.concatenate([self.augmentation(image, seed) for image in images], axis=2)

    def prepared(self, index: int) -> list[Pixels]:
        """Return a picture as crops are cut from it, or the frames of a clip.

        Raises:
            MediaError: if it cannot be read.
        """
        return [self._prepared(part) for part in self.sources[index].parts]

    def _prepared(self, source: Source) -> Pixels:
        if source in self._broken:
            raise MediaError(self._broken[source])
        if source in self._kept:
            return self._kept[source]
        try:
            if source.frame is not None and self._room > 0:
                self._keep_around(source)
            kept = self._kept.get(source)
            return self._keep(source, read_source(source)) if kept is None else kept
        except MediaError as error:
            self._broken[source] = str(error)
            raise

    def _keep_around(self, source: Source) -> None:
        """Keep all frames that must be decoded for this one, for as long as there is room."""
        assert source.frame is not None
        for time, pixels in reader_of(source.path).along(source.frame):
            near = replace(source, frame=time)
            if near in self._of_films and near not in self._kept:
                self._keep(near, wanted_half(pixels(), near))
                if near not in self._kept:
                    return

    def _keep(self, source: Source, picture: Pixels) -> Pixels:
        image = self.augmentation.prepare(picture)
        if image.nbytes <= self._room:
            self._room -= image.nbytes
            self._kept[source] = image
        return image

    def _order_of(self, epoch: int) -> NDArray[np.int64]:
        if self._order is None or self._order[0] != epoch:
            draws = np.random.default_rng([self.seed, epoch])
            self._order = epoch, draws.permutation(len(self.sources))
        return self._order[1]


def mix(*numbers: int) -> int:
    """Make one seed of several numbers."""
    return int(np.random.SeedSequence(numbers).generate_state(1)[0])
