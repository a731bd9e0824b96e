"""What a measurement finds out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from cyclekit.metrics.estimate import Estimate
from cyclekit.metrics.significance import Comparison

Better = Literal["lower", "higher", "near 1"]


@dataclass(frozen=True)
class Score:
    """One number, and what it has to be seen beside."""

    key: str
    """What is measured, for programs: "frechet:mobilenet"."""
    name: str
    """What is measured, for people: network, resize, counts and split are in it."""
    model: str
    """Whose pictures are measured."""
    value: float
    """The number."""
    error: float | None = None
    """Its standard error; None where it is not estimated."""
    better: Better = "lower"
    """Which way is good."""
    floor: Estimate | None = None
    """The same of real pictures against real ones: mean and deviation over draws."""
    floor_counts: tuple[int, int] | None = None
    """Pictures of the floor's two sets."""
    at_floor_counts: float | None = None
    """The number at the floor's counts, where those differ from the score's own."""
    nothing: float | None = None
    """The same of the inputs as they are: what doing nothing gets."""
    jpeg: float | None = None
    """How the number changes when the pictures go through JPEG of quality 90."""

    def as_dict(self) -> dict[str, Any]:
        """Return what is known, ready for JSON."""
        floor = self.floor and {
            "value": self.floor.value,
            "deviation": self.floor.error,
            "counts": list(self.floor_counts or ()),
            "score_at_these_counts": self.at_floor_counts,
        }
        return {
            "kind": "score", "key": self.key, "name": self.name, "model": self.model,
            "value": self.value, "error": self.error, "better": self.better, "floor": floor,
            "do_nothing": self.nothing, "jpeg_90_change": self.jpeg,
        }  # fmt: skip


@dataclass(frozen=True)
class Difference:
    """Two models on the same inputs."""

    key: str
    """As in `Score`."""
    name: str
    """What is measured, for people."""
    models: tuple[str, str]
    """First and second; the difference is first minus second."""
    inputs: int
    """Inputs that both have translated."""
    test: Comparison
    """The paired permutation test."""

    def as_dict(self) -> dict[str, Any]:
        """Return all of it, ready for JSON."""
        return {
            "kind": "comparison", "key": self.key, "name": self.name,
            "models": list(self.models), "inputs": self.inputs,
            "difference": self.test.difference, "p_value": self.test.p_value,
            "permutations": self.test.repeats,
        }  # fmt: skip


@dataclass(frozen=True)
class Repeated:
    """The same recipe trained several times."""

    key: str
    """As in `Score`."""
    name: str
    """What is measured, for people."""
    models: tuple[str, ...]
    """The runs."""
    spread: Estimate
    """Mean and deviation over the runs."""

    def as_dict(self) -> dict[str, Any]:
        """Return all of it, ready for JSON."""
        return {
            "kind": "seeds", "key": self.key, "name": self.name, "models": list(self.models),
            "mean": self.spread.value, "deviation": self.spread.error,
        }  # fmt: skip


@dataclass
class Evaluation:
    """All that was measured; grows while it is measured."""

    scores: list[Score] = field(default_factory=list)
    """Grouped by what is measured, models in the order they were given."""
    differences: list[Difference] = field(default_factory=list)
    """Every pair of models."""
    repeated: list[Repeated] = field(default_factory=list)
    """Means over runs of one recipe."""
    pictures: dict[str, dict[str, dict[str, float]]] = field(default_factory=dict)
    """What is measured per picture -> model -> picture's key -> value."""
    copies: dict[str, dict[str, tuple[str, float]]] = field(default_factory=dict)
    """Model -> picture's key -> (nearest training picture's key, distance over the median distance
    of real test pictures to theirs); by the first network."""
    distances: dict[str, list[float]] = field(default_factory=dict)
    """Whose pictures -> distances to the nearest training picture, over the same median."""
    projection: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    """Whose pictures -> places in the plane that shows most of the real pictures' features."""
    notes: list[str] = field(default_factory=list)
    """What the reader has to know."""
    protocol: dict[str, Any] = field(default_factory=dict)
    """How it was measured: networks, checksums, resize, counts, codecs, version."""

    @property
    def lines(self) -> list[dict[str, Any]]:
        """Return every finding, ready for JSON."""
        rows: list[Score | Difference | Repeated] = [*self.scores, *self.differences]
        return [row.as_dict() for row in (*rows, *self.repeated)]

    def add_values(self, model: str, values: dict[str, dict[str, float]]) -> None:
        """Take in what was measured per picture: what -> picture's key -> value."""
        for what, by_key in values.items():
            self.pictures.setdefault(what, {})[model] = by_key

    def group(self) -> None:
        """Bring scores of one kind together, models in the order they were given."""
        order = {key: place for place, key in enumerate(dict.fromkeys(s.key for s in self.scores))}
        self.scores.sort(key=lambda score: order[score.key])
