"""Two small worlds whose modes can be counted, laid out as folders of pictures."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Numbers = NDArray[np.float64]
Labels = NDArray[np.int64]
Part = Literal["shown", "kept"]


@dataclass(frozen=True)
class Verdict:
    """What a world says of pictures."""

    mode: Labels
    """The mode that each is nearest to, from 0."""
    good: NDArray[np.bool_]
    """Whether each is near enough to count."""


class World(ABC):
    """Pictures whose modes are known."""

    name: str
    side: int
    modes: int

    @abstractmethod
    def write(self, folder: Path) -> None:
        """Write what is learned from as PNG files, a folder a mode."""

    @abstractmethod
    def judge(self, pictures: Sequence[Pixels]) -> Verdict:
        """Say what pictures (side, side, 3) show."""

    def lay_out(self, folder: Path) -> Path:
        """Write the pictures unless they are there; return their folder."""
        if not folder.exists():
            part = folder.with_suffix(".part")
            self.write(part)
            part.rename(folder)
        return folder


class Ring(World):
    """Eight Gaussians on a circle (https://arxiv.org/abs/1611.02163); a point is a 1 px picture.

    Red and green are the coordinates, blue is half; 1 is level 255, -1 is level 0. A point is good
    within `NEAR` deviations of a mode.
    """

    name, side, modes = "ring", 1, 8
    RADIUS, DEVIATION, NEAR, EACH = 0.7, 0.03, 3.0, 256

    @cached_property
    def centres(self) -> Numbers:
        """(8, 2)."""
        angles = 2 * np.pi * np.arange(self.modes) / self.modes
        return self.RADIUS * np.stack([np.cos(angles), np.sin(angles)], 1)

    def write(self, folder: Path) -> None:
        """Draw `EACH` points of every mode."""
        draws = np.random.default_rng(0)
        for mode, centre in enumerate(self.centres):
            points = centre + self.DEVIATION * draws.standard_normal((self.EACH, 2))
            levels = np.rint(np.clip(points + 1, 0, 2) * 127.5).astype(np.uint8)
            pictures = [np.array([[[red, green, 128]]], np.uint8) for red, green in levels]
            write_pictures(folder / str(mode), pictures)

    def judge(self, pictures: Sequence[Pixels]) -> Verdict:
        """Find the nearest mode, and whether it is near."""
        distances = np.linalg.norm(self.points(pictures)[:, None] - self.centres, axis=2)
        near = distances.min(1) < self.NEAR * self.DEVIATION
        return Verdict(distances.argmin(1), near)

    @staticmethod
    def points(pictures: Sequence[Pixels]) -> Numbers:
        """Return the coordinates of 1 px pictures, (N, 2)."""
        return np.stack(pictures)[:, 0, 0, :2] / 127.5 - 1.0


class Digits(World):
    """scikit-learn's 1,797 handwritten digits, 8 px.

    A third of them is never shown to a network. From it a support vector machine learns to read:
    as independent of the game as can be, and itself measured on the other two thirds. A picture
    is good if it is as near to a digit of that third as `USUAL` of the real ones are.
    """

    name, side, modes = "digits", 8, 10
    USUAL = 0.95

    @cached_property
    def _parts(self) -> dict[str, tuple[Numbers, Labels]]:
        from sklearn.datasets import load_digits
        from sklearn.model_selection import train_test_split

        data = load_digits()
        shown, kept, shown_labels, kept_labels = train_test_split(
            data.data, data.target, test_size=1 / 3, stratify=data.target, random_state=0
        )
        return {"shown": (shown, shown_labels), "kept": (kept, kept_labels)}

    @cached_property
    def _reader(self) -> Any:
        from sklearn.svm import SVC

        return SVC(gamma=0.001).fit(*self._parts["kept"])

    @cached_property
    def _usual(self) -> float:
        return float(np.quantile(self._distance(self._parts["shown"][0]), self.USUAL))

    @property
    def reads(self) -> float:
        """Share of the real digits shown to the networks that the machine reads right."""
        return float(self._reader.score(*self._parts["shown"]))

    def write(self, folder: Path) -> None:
        """Write two thirds of all digits."""
        for mode, pictures in enumerate(self.by_class("shown")):
            write_pictures(folder / str(mode), pictures)

    def judge(self, pictures: Sequence[Pixels]) -> Verdict:
        """Read digits, and say whether they look like real ones."""
        values = _values(pictures)
        return Verdict(self._reader.predict(values), self._distance(values) <= self._usual)

    def real(self, part: Part) -> list[Pixels]:
        """Return the digits that were shown to the networks, or kept from them."""
        return [_drawn(values) for values in self._parts[part][0]]

    def by_class(self, part: Part) -> list[list[Pixels]]:
        """Return the same, a list a class."""
        values, labels = self._parts[part]
        return [[_drawn(one) for one in values[labels == mode]] for mode in range(self.modes)]

    def _distance(self, values: Numbers) -> Numbers:
        kept = self._parts["kept"][0]
        return np.stack([np.linalg.norm(kept - one, axis=1).min() for one in values])


WORLDS: dict[str, World] = {world.name: world for world in (Ring(), Digits())}


def write_pictures(folder: Path, pictures: Sequence[Pixels]) -> None:
    """Write RGB pictures as 0000.png and so on."""
    folder.mkdir(parents=True)
    for number, picture in enumerate(pictures):
        cv2.imwrite(str(folder / f"{number:04d}.png"), picture[..., ::-1])


def _values(pictures: Sequence[Pixels]) -> Numbers:
    """Return pictures as scikit-learn has them: (N, 64) from 0 to 16."""
    return np.stack(pictures).mean(3).reshape(len(pictures), -1) * (16 / 255)


def _drawn(values: Numbers) -> Pixels:
    levels = np.rint(values.reshape(8, 8) * (255 / 16)).astype(np.uint8)
    return np.repeat(levels[..., None], 3, axis=2)
