"""From piles of picture files to features: read ahead, batched, cached, flat in memory."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cyclekit.data.source import Source
from cyclekit.data.sources import read_source
from cyclekit.errors import MediaError
from cyclekit.evaluation.ahead import ahead
from cyclekit.evaluation.cache import FeatureCache, Vector
from cyclekit.evaluation.listener import Listener
from cyclekit.evaluation.pile import Pile
from cyclekit.evaluation.rows import Rows
from cyclekit.media.resample import through_jpeg
from cyclekit.metrics.structure import self_similarity
from cyclekit.models.features.extractor import Extractor

Kind = Literal["pooled", "structure"]
BATCH = {"cpu": 16, "cuda": 64}
"""Pictures that run at once; on CPUs, more were slower."""
JPEG_QUALITY = 90
_WINDOW = 256


@dataclass(frozen=True)
class Described:
    """Features of the pictures of a pile that could be read."""

    keys: list[str]
    """Of the rows."""
    rows: Tensor
    """(N, D), mapped from a file: memory stays flat."""
    digests: list[str] = field(default_factory=list)
    """Of what the files hold; equal ones are one picture."""

    def __len__(self) -> int:
        return len(self.keys)

    def of(self, keys: list[str]) -> Tensor:
        """Return the rows of some keys, in their order."""
        place = {key: row for row, key in enumerate(self.keys)}
        return self.rows[[place[key] for key in keys]]


@dataclass(frozen=True)
class _Picture:
    key: str
    digest: str = ""
    levels: NDArray[np.float32] | None = None
    found: dict[Kind, Vector] = field(default_factory=dict)
    error: str | None = None


class Describer:
    """Describes piles by one network.

    Args:
        extractor: the network.
        device: where it runs.
        cache: where features are kept.
        listener: hears of progress and of pictures that cannot be read.
    """

    def __init__(
        self, extractor: Extractor, device: torch.device, cache: FeatureCache, listener: Listener
    ) -> None:
        self.extractor = extractor
        self._network = extractor.network.to(device)
        self._device, self._cache, self._listener = device, cache, listener
        self._batch = BATCH.get(device.type, BATCH["cpu"])

    def describe(
        self, pile: Pile, kinds: tuple[Kind, ...] = ("pooled",), *, jpeg: bool = False
    ) -> dict[Kind, Described]:
        """Describe the pictures of a pile.

        Args:
            pile: the pictures; one that cannot be read is left out, and said.
            kinds: "pooled" features, or the descriptions of "structure" that
                `structure_distance` compares, half precision.
            jpeg: look at each picture after JPEG compression.

        Returns:
            One description a kind; the same keys in all.
        """
        what = f"{self.extractor.title}, {pile.name}" + (f", JPEG {JPEG_QUALITY}" if jpeg else "")
        keys: list[str] = []
        digests: list[str] = []
        rows = {kind: Rows() for kind in kinds}
        for picture in self._listener.watch(self._described(pile, kinds, jpeg), what, len(pile)):
            if picture.error is not None:
                self._listener.failed(picture.error)
                continue
            keys.append(picture.key)
            digests.append(picture.digest)
            for kind in kinds:
                rows[kind].add(picture.found[kind])
        return {kind: Described(keys, rows[kind].tensor(), digests) for kind in kinds}

    def _described(self, pile: Pile, kinds: tuple[Kind, ...], jpeg: bool) -> Iterator[_Picture]:
        """Yield every picture with its features, or with what is wrong with it, in order."""
        window: list[_Picture] = []

        def load(item: tuple[str, Source]) -> _Picture:
            return self._load(*item, kinds, jpeg)

        for picture in ahead(load, pile.sources.items()):
            window.append(picture)
            new = sum(waiting.levels is not None for waiting in window)
            if new in (0, self._batch) or len(window) == _WINDOW:
                yield from self._computed(window, kinds, jpeg)
                window = []
        yield from self._computed(window, kinds, jpeg)

    def _load(self, key: str, source: Source, kinds: tuple[Kind, ...], jpeg: bool) -> _Picture:
        """Look a picture up, or decode and resize it."""
        try:
            digest = _digest(source)
        except OSError as error:
            reason = error.strerror or str(error)
            return _Picture(key, error=f"{source.path}: cannot be read: {reason}")
        found = {kind: self._cache.get(_name(digest, kind, jpeg)) for kind in kinds}
        kept = {kind: vector for kind, vector in found.items() if vector is not None}
        if len(kept) == len(kinds):
            return _Picture(key, digest, found=kept)
        try:
            image = read_source(source)
        except MediaError as error:
            return _Picture(key, error=str(error))
        image = through_jpeg(image, JPEG_QUALITY) if jpeg else image
        return _Picture(key, digest, self.extractor.network.fit(image))

    def _computed(
        self, window: list[_Picture], kinds: tuple[Kind, ...], jpeg: bool
    ) -> Iterator[_Picture]:
        """Run the network on those that were not looked up; the others pass."""
        levels = [picture.levels for picture in window if picture.levels is not None]
        columns = self._run(np.stack(levels), kinds) if levels else {}
        done = {
            picture.digest: {kind: columns[kind][row] for kind in kinds}
            for row, picture in enumerate(p for p in window if p.levels is not None)
        }
        self._cache.put(
            {
                _name(digest, kind, jpeg): vector
                for digest, vectors in done.items()
                for kind, vector in vectors.items()
            }
        )
        for picture in window:
            is_new = picture.levels is not None
            yield replace(picture, found=done[picture.digest], levels=None) if is_new else picture

    def _run(
        self, levels: NDArray[np.float32], kinds: tuple[Kind, ...]
    ) -> dict[Kind, NDArray[np.float32] | NDArray[np.float16]]:
        x = torch.from_numpy(levels).permute(0, 3, 1, 2).to(self._device)
        with torch.inference_mode():
            seen = self._network(x.contiguous(memory_format=torch.channels_last))
            columns: dict[Kind, NDArray[np.float32] | NDArray[np.float16]] = {}
            if "pooled" in kinds:
                columns["pooled"] = seen.pooled.float().cpu().numpy()
            if "structure" in kinds:
                columns["structure"] = self_similarity(seen.places).half().cpu().numpy()
        return columns


def _digest(source: Source) -> str:
    """Say by what a file holds which picture this is: a video's frames are many in one file."""
    state = source.path.stat()
    digest = _file_digest(source.path, state.st_size, state.st_mtime_ns) + (source.half or "")
    return digest if source.frame is None else f"{digest}@{source.frame}"


@lru_cache(maxsize=64)  # one video is asked for with every frame of it
def _file_digest(path: Path, size: int, changed: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _name(digest: str, kind: Kind, jpeg: bool) -> str:
    return f"{digest}:{kind}" + (f":jpeg{JPEG_QUALITY}" if jpeg else "")
