"""Who sees what: the trials of one participant."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Literal, TypeVar

import numpy as np

from cyclekit.errors import DataError
from cyclekit.evaluation.study.design import CONTROL, SPARES, Design, Entry

Side = Literal["left", "right"]
Kind = Literal["practice", "scored", "vigilance", "spare"]
Pair = tuple[Entry, Entry]
"""Real, fake."""
T = TypeVar("T")


@dataclass(frozen=True)
class Trial:
    """Two pictures, and what a trial with them is for."""

    kind: Kind
    """`spare` takes the place of a scored trial that was interrupted."""
    real: str
    """File of the real picture."""
    fake: str
    """File of the other."""
    real_side: Side
    """Where the real one is."""


def draw_trials(design: Design, method: str, participant: int) -> list[Trial]:
    """Draw a participant's trials: no picture twice, the real one as often left as right.

    Args:
        design: the study.
        method: one of `design.methods`.
        participant: the participant's number; with the study's seed it decides everything.

    Returns:
        Practice, then the scored trials with those of vigilance among them, then spare ones.

    Raises:
        DataError: if there are too few pictures, as in a study that was changed by hand.
    """
    protocol, draws = design.protocol, np.random.default_rng([design.seed, participant])
    reals = _shuffled(design.real, draws)
    vigilance = [*zip(reals, _shuffled(design.obvious, draws), strict=False)]
    pairs = _pairs(design, method, participant, reals[len(vigilance) :], draws)
    practice = _taken(pairs, protocol.practice)
    scored = _taken(pairs, protocol.trials)
    spare = [pair for pair, _ in zip(pairs, range(SPARES), strict=False)]
    middle = [*_placed(scored, "scored", draws), *_placed(vigilance, "vigilance", draws)]
    return [
        *_placed(practice, "practice", draws),
        *_shuffled(middle, draws),
        *_placed(spare, "spare", draws),
    ]


def _taken(pairs: Iterator[Pair], count: int) -> list[Pair]:
    found = list(islice(pairs, count))
    if len(found) < count:
        raise DataError("the study has fewer pictures than its trials need; create it again")
    return found


def _pairs(
    design: Design, method: str, participant: int, reals: list[Entry], draws: np.random.Generator
) -> Iterator[Pair]:
    """Pair pictures up; for the control, practice alone shows fakes: its feedback must be true."""
    if method != CONTROL or CONTROL in design.fakes:
        yield from _of_method(design, method, reals, draws)
        return
    practice, shown = design.protocol.practice, list(design.fakes)[participant % len(design.fakes)]
    yield from _different(reals[:practice], _shuffled(design.fakes[shown], draws))
    left = reals[practice:]
    yield from zip(left[::2], left[1::2], strict=False)


def _of_method(
    design: Design, method: str, reals: list[Entry], draws: np.random.Generator
) -> Iterator[Pair]:
    fakes = _shuffled(design.fakes[method], draws)
    if design.protocol.pairing == "different":
        yield from _different(reals, fakes)
        return
    by_key = {entry.key: entry for entry in reals}
    yield from ((by_key[fake.key], fake) for fake in fakes if fake.key in by_key)


def _different(reals: Sequence[Entry], fakes: Sequence[Entry]) -> Iterator[Pair]:
    """Pair in order, but nothing with the fake that has its own name."""
    fakes = list(fakes[: len(reals)])
    for place, real in enumerate(reals[: len(fakes)]):
        if fakes[place].key == real.key:
            other = (place + 1) % len(fakes)
            fakes[place], fakes[other] = fakes[other], fakes[place]
    yield from zip(reals, fakes, strict=False)


def _placed(pairs: Sequence[Pair], kind: Kind, draws: np.random.Generator) -> list[Trial]:
    """Give half of the pairs the real picture on the left; of an odd number, chance decides."""
    order = draws.permutation(2 * ((len(pairs) + 1) // 2)) % 2
    sides: list[Side] = ["left" if one else "right" for one in order[: len(pairs)]]
    return [
        Trial(kind, real.file, fake.file, side)
        for (real, fake), side in zip(pairs, sides, strict=True)
    ]


def _shuffled(items: Sequence[T], draws: np.random.Generator) -> list[T]:
    return [items[place] for place in draws.permutation(len(items))]
