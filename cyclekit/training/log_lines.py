"""What a line of a run's log holds. The file is the user's: whoever reads it checks it first."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, ValidationError

Count = Annotated[int, Field(ge=0, le=2**53)]
"""Pictures; as large as a page can count."""


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
    evaluation: Measured | None = None
    """What held-out pictures said, where they were asked."""

    @property
    def numbers(self) -> dict[str, float]:
        """Losses, rates and the speed; a loss may be NaN."""
        extra = self.__pydantic_extra__.items()
        return {name: value for name, value in extra if value is not None}


def read_lines(path: Path) -> Iterator[tuple[str, Line | None]]:
    """Yield every line of a log as text and as values, None where those are of no use.

    Lines that a crash cut off are left out.

    Args:
        path: of the log; nothing is yielded where there is none.
    """
    if not path.exists():
        return
    with path.open(encoding="utf-8", errors="replace") as file:
        for text in file:
            try:
                values = json.loads(text)
            except ValueError:
                continue
            except RecursionError:
                values = None
            yield text.rstrip("\n"), _checked(values)


def _checked(values: object) -> Line | None:
    try:
        return Line.model_validate(values)
    except ValidationError:
        return None
