"""What a study finds out."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

Bounds = tuple[float, float]


@dataclass(frozen=True)
class Person:
    """One participant."""

    number: int
    """In the order of joining, from 1."""
    method: str
    """What the fakes were made by."""
    finished: bool
    """Whether all trials were done."""
    counted: bool
    """Whether the answers are in the rates of methods."""
    fooled: int
    """Trials in which the fake was taken for real."""
    trials: int
    """Trials that count."""
    interval: Bounds | None
    """95 % for this participant's own rate, by Wilson's formula; None without trials."""
    vigilance: tuple[int, int]
    """Obvious fakes recognised, and shown."""
    interrupted: int
    """Trials whose pictures were not seen as they should be, and which do not count."""
    left: float | None
    """Share of answers "left"; half of the real pictures are there."""
    seconds: float | None
    """Median reaction time."""
    picture: float | None
    """Side of a picture on the screen, CSS px."""

    @property
    def rate(self) -> float:
        """The fooling rate, 0 to 1."""
        return self.fooled / self.trials


@dataclass(frozen=True)
class Rate:
    """How often a method's fakes were taken for real."""

    method: str
    """Its name."""
    participants: int
    """Who saw it, and counts."""
    fooled: int
    """Trials in which the fake was taken for real."""
    trials: int
    """Trials that count."""
    interval: Bounds
    """95 %, by drawing participants and then their trials anew."""
    p_value: float
    """Of the test against 50 %, participants as units, two-sided."""
    seconds: tuple[float, float, float] | None
    """Reaction times: quartiles and between them the median."""
    seconds_right: float | None
    """Median reaction time where the real picture was found."""
    seconds_fooled: float | None
    """Median reaction time where it was not."""

    @property
    def rate(self) -> float:
        """The fooling rate, 0 to 1; 0.5 is guessing."""
        return self.fooled / self.trials


@dataclass(frozen=True)
class Contrast:
    """Two methods."""

    methods: tuple[str, str]
    """First and second; the difference is first minus second."""
    difference: float
    """Of the fooling rates."""
    interval: Bounds
    """95 % for the difference."""
    above: float
    """Share of bootstrap samples in which the first fools more; ties count half."""
    p_value: float
    """Of the permutation test, participants as units, two-sided."""


@dataclass(frozen=True)
class Convincing:
    """A fake and how often it was taken for real."""

    method: str
    """Its maker."""
    key: str
    """Relative path of the original, without its ending."""
    file: str
    """Its name among the study's pictures."""
    fooled: int
    """How often it was taken for real."""
    shown: int
    """How often it was shown in trials that count."""


@dataclass
class Findings:
    """All that a study finds out."""

    rates: list[Rate] = field(default_factory=list)
    """Methods, in the study's order."""
    contrasts: list[Contrast] = field(default_factory=list)
    """Every pair of methods."""
    people: list[Person] = field(default_factory=list)
    """Everybody who joined."""
    pictures: list[Convincing] = field(default_factory=list)
    """Fakes that were shown, the most convincing first."""
    times: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    """Method -> "right" or "fooled" -> reaction times, s."""
    comments: list[tuple[int, str]] = field(default_factory=list)
    """Participant's number, and what was said."""
    notes: list[str] = field(default_factory=list)
    """What the reader has to know."""

    @property
    def lines(self) -> list[dict[str, Any]]:
        """Return every finding, ready for JSON."""
        return [
            *({"kind": "method", **asdict(one), "rate": one.rate} for one in self.rates),
            *({"kind": "comparison", **asdict(one)} for one in self.contrasts),
            *({"kind": "participant", **asdict(one)} for one in self.people),
        ]
