"""Rounds of the game: a real picture and a fake, side by side."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from threading import Lock

import numpy as np

from cyclekit.errors import DataError, MediaError
from cyclekit.evaluation.study.prepare import encode, prepare
from cyclekit.evaluation.study.trials import Side
from cyclekit.media.folders import list_pictures

KEPT = 1000
"""Rounds that are remembered; who leaves the page open for longer gets a new one."""
_PREPARED = 64  # pictures in memory


@dataclass(frozen=True)
class Round:
    """One question."""

    real: Path
    """The real picture."""
    fake: Path
    """The other."""
    method: str
    """What made it."""
    real_side: Side
    """Where the real one is."""

    def picture(self, side: Side) -> Path:
        """Return the picture on a side."""
        return self.real if side == self.real_side else self.fake


class _Pile:
    """Pictures in an order drawn anew whenever all have been dealt."""

    def __init__(self, paths: list[Path], draws: np.random.Generator) -> None:
        self._paths, self._draws = paths, draws
        self._left: list[Path] = []

    def deal(self) -> Path | None:
        if not self._left:
            self._left = [self._paths[place] for place in self._draws.permutation(len(self._paths))]
        return self._left.pop() if self._left else None

    def drop(self, path: Path) -> None:
        self._paths.remove(path)


class Rounds:
    """Deals rounds to any number of players.

    Args:
        real: folder of real pictures.
        fakes: folder of each method's pictures, by name.
        size: side of every picture, px.
        hear: told, in a line, of each picture that cannot be read; it is left out from then on.

    Raises:
        DataError: if a folder holds no picture that can be read.
    """

    def __init__(
        self,
        real: Path,
        fakes: Mapping[str, Path],
        size: int = 256,
        hear: Callable[[str], object] = lambda _: None,
    ) -> None:
        self._draws = np.random.default_rng()
        self._hear, self._lock = hear, Lock()
        self._real, self._folder = self._pile(real), real
        self._fakes = {name: self._pile(folder) for name, folder in fakes.items()}
        self._folders = dict(fakes)
        self._rounds: OrderedDict[str, Round] = OrderedDict()
        # A smooth fake must not be a shorter file: PNG without compression, as in the study.
        self._prepared = lru_cache(_PREPARED)(lambda path: encode(prepare(path, size, None)))
        for name in fakes:
            self._deal(self._fakes[name], self._folders[name])
        self._deal(self._real, real)

    def deal(self) -> str:
        """Make a round.

        Returns:
            The secret by which it is known.

        Raises:
            DataError: if pictures have become unreadable and none are left.
        """
        with self._lock:
            method = list(self._fakes)[int(self._draws.integers(len(self._fakes)))]
            fake = self._deal(self._fakes[method], self._folders[method])
            real = self._deal(self._real, self._folder)
            side: Side = "left" if self._draws.integers(2) else "right"
            token = secrets.token_urlsafe(12)
            self._rounds[token] = Round(real, fake, method, side)
            while len(self._rounds) > KEPT:
                self._rounds.popitem(last=False)
        return token

    def picture(self, token: str, side: Side) -> bytes:
        """Return a picture of a round as PNG.

        Raises:
            KeyError: if the round is not, or no longer, known.
            MediaError: if the file has changed and cannot be read any more.
        """
        return self._prepared(self._rounds[token].picture(side))

    def solve(self, token: str) -> Round:
        """Return a round with its answer.

        Raises:
            KeyError: if it is not, or no longer, known.
        """
        return self._rounds[token]

    def _pile(self, folder: Path) -> _Pile:
        try:
            return _Pile(list_pictures(folder), self._draws)
        except OSError as error:
            reason = error.strerror or "not a folder"
            raise DataError(f"{folder}: expected a folder of pictures: {reason}") from error

    def _deal(self, pile: _Pile, folder: Path) -> Path:
        """Deal a picture that can be read; drop others."""
        while (path := pile.deal()) is not None:
            try:
                self._prepared(path)
            except MediaError as error:
                pile.drop(path)
                self._hear(f"error: {error}")
                continue
            return path
        raise DataError(f"{folder}: no picture that can be read")
