"""How deep and wide a student may be."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch

from cyclekit.devices import find_device
from cyclekit.distillation.timing import milliseconds
from cyclekit.errors import UsageError
from cyclekit.hub.card import SIDE, count_macs
from cyclekit.inference.translator import Translator
from cyclekit.models import make_translator
from cyclekit.registry import Spec

WIDTHS = range(16, 321, 8)
"""Widths that are looked at; vector units work on 8 channels or more at once."""
SHAPES = {"mobile": 14, "subpixel_unet": 7}
"""Of the networks that can be chosen: channels a block, about."""
LEAST, MOST = 2, 16
"""Blocks."""
NEAR = 3
"""Widths to either side that are looked at."""


@dataclass(frozen=True)
class Student:
    """A network that could be taught."""

    name: str
    """Of the network, one of `SHAPES`."""
    width: int
    """Its channels, as it counts them."""
    blocks: int
    """Residual blocks."""
    options: tuple[tuple[str, Any], ...] = ()
    """Whatever else the network is told."""

    @property
    def spec(self) -> Spec:
        """How to build it."""
        sizes = {"width": self.width, "blocks": self.blocks}
        return Spec(self.name, {**dict(self.options), **sizes})

    @property
    def smallest(self) -> str:
        """What to call it where nothing smaller is tried."""
        return f"the smallest that is tried (width {self.width}, {self.blocks} blocks)"

    @cached_property
    def macs(self) -> int:
        """Multiplications of a picture of 256 x 256."""
        return count_macs(self.spec)


def student_of_macs(limit: float, network: Spec) -> Student:
    """Choose the largest student that a number of multiplications allows.

    Of the widths about the usual one it takes the deepest each, and of those that come within 5 %
    of the largest the one whose shape is nearest to the usual one.

    Args:
        limit: most multiplications of a picture of 256 x 256.
        network: name, one of `SHAPES`, and whatever else it is told.

    Raises:
        UsageError: if even the smallest needs more.
    """
    ladder = _ladder(network)
    place = bisect_right(ladder, limit, key=lambda student: student.macs)
    widths = WIDTHS[max(0, place - NEAR) : place + NEAR]
    found = [student for width in widths if (student := _deepest(network, width, limit))]
    if not found:
        least = _student(network, WIDTHS[0], LEAST)
        raise UsageError(
            f"--target-mac {limit / 1e9:g}G is too little: {least.smallest} needs "
            f"{least.macs / 1e9:.2g}G at {SIDE}x{SIDE}; --width and --blocks make smaller ones"
        )
    most = max(student.macs for student in found)
    near = [student for student in found if student.macs >= 0.95 * most]
    return min(near, key=lambda student: abs(student.width / student.blocks - SHAPES[network.name]))


def student_of_milliseconds(
    limit: float,
    network: Spec,
    *,
    device: str = "auto",
    measure: Callable[[Student], float] | None = None,
) -> tuple[Student, float]:
    """Choose the largest student that is fast enough on this machine, by trying a few.

    Args:
        limit: most milliseconds for a picture of 256 x 256, from levels to levels.
        network: name, one of `SHAPES`, and whatever else it is told.
        device: where it is to run.
        measure: returns the milliseconds of a student; None measures them.

    Returns:
        The student, and its milliseconds.

    Raises:
        UsageError: if even the smallest takes longer.
    """
    measure = measure or (lambda student: time_student(student, device))
    ladder = _ladder(network)
    taken: dict[int, float] = {}

    def time_of(step: int) -> float:
        return taken.setdefault(step, measure(ladder[step]))

    # Time grows along the ladder, so halving finds the last step that is fast enough.
    place = bisect_right(range(len(ladder)), limit, key=time_of) - 1
    if place < 0:
        raise UsageError(
            f"--target-ms {limit:g} is too little: {ladder[0].smallest} takes {taken[0]:.1f} ms "
            f"for {SIDE}x{SIDE} here; --width and --blocks make smaller ones"
        )
    return ladder[place], taken[place]


def time_student(student: Student, device: str) -> float:
    """Measure the milliseconds of a student with random weights, in the best number format."""
    find_device(device)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        generator = make_translator(student.spec).eval()
    return milliseconds(Translator(generator, device=device), SIDE)


def _student(network: Spec, width: int, blocks: int) -> Student:
    return Student(network.name, width, blocks, tuple(network.options.items()))


def _deepest(network: Spec, width: int, limit: float) -> Student | None:
    """Return the deepest student of a width within a number of multiplications."""
    shallow, next_one = (_student(network, width, blocks).macs for blocks in (LEAST, LEAST + 1))
    if shallow > limit:
        return None
    blocks = LEAST + int((limit - shallow) // (next_one - shallow))  # every block costs the same
    return _student(network, width, min(MOST, blocks))


def _ladder(network: Spec) -> Sequence[Student]:
    """Return one student a width, of the usual shape, from the fastest to the slowest."""
    shape = SHAPES[network.name]
    return [
        _student(network, width, min(MOST, max(LEAST, round(width / shape)))) for width in WIDTHS
    ]
