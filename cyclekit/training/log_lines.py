"""What a line of a run's log holds. The file is the user's: whoever reads it checks it first."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat

Count = Annotated[int, Field(ge=0, le=2**53)]
"""Pictures; as large as a page can count."""
TOLD = 5
"""Numbers of lines that are named; of more, it is said how many."""


class _Strict(BaseModel):
    """Values of the right type, not texts that look like them."""

    model_config = ConfigDict(strict=True, frozen=True)


class Finding(_Strict):
    """What was measured of one generator; see `training.held_out.Finding`."""

    title: str
    kernel: FiniteFloat
    kernel_error: FiniteFloat | None
    structure: FiniteFloat | None


class Measured(_Strict):
    """An evaluation on held-out pictures."""

    images: Count
    kernel_name: str
    score: FiniteFloat
    findings: Annotated[list[Finding], Field(min_length=1)]


class Line(_Strict):
    """What was written at one moment; losses, rates and the speed lie beside by their names."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, float | None]

    images: Count
    """Pictures seen by then."""
    warnings: list[str] = []
    """What was wrong, and what was done about it."""
    health: dict[str, dict[str, float]] = {}
    """Signs, each by generator, loss or domain."""
    ended: str = ""
    """Why the run ended here, before its length."""
    evaluation: Measured | None = None
    """What held-out pictures said, where they were asked."""

    @property
    def numbers(self) -> dict[str, float]:
        """Losses, rates and the speed; a loss may be NaN."""
        extra = self.__pydantic_extra__.items()
        return {name: value for name, value in extra if value is not None}


@dataclass(frozen=True)
class Written:
    """A line as it stands in a log."""

    number: int
    """Of the line, from 1."""
    text: str
    """Without its end."""
    line: Line | None
    """What it says; None if that is of no use."""


def read_lines(path: Path) -> Iterator[Written]:
    """Yield every line of a log, but those without a word and a last one that a crash cut off.

    Args:
        path: of the log; nothing is yielded where there is none.
    """
    if not path.exists():
        return
    with path.open(encoding="utf-8", errors="replace") as file:
        for number, text in enumerate(file, start=1):
            line = _checked(text)
            if text.strip() and (line is not None or text.endswith("\n")):
                yield Written(number, text.rstrip("\n"), line)


def numbered(numbers: Sequence[int]) -> str:
    """Name lines by their numbers: "line 3", or "lines 3, 7, 9 and 4 more"."""
    told = ", ".join(str(number) for number in numbers[:TOLD])
    more = f" and {len(numbers) - TOLD} more" if len(numbers) > TOLD else ""
    return f"line{'s' if len(numbers) > 1 else ''} {told}{more}"


def _checked(text: str) -> Line | None:
    try:
        return Line.model_validate(json.loads(text))
    except (ValueError, RecursionError):  # a ValidationError is a ValueError
        return None
