"""What may stand in the file of answers: it may come from elsewhere, and is not trusted."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, Json, TypeAdapter, ValidationError

from cyclekit.errors import DataError
from cyclekit.evaluation.study.design import Design

Side = Literal["left", "right"]
Milliseconds = Annotated[float, Field(ge=0, allow_inf_nan=False)] | None


class _Row(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore")


class _Participant(_Row):
    number: int
    method: str
    joined: str
    finished: str | None
    comment: str | None
    screen: Json[dict[str, Any]] | None


class _Trial(_Row):
    participant: int
    number: int
    kind: Literal["practice", "scored", "vigilance", "spare"]
    real: str
    fake: str
    real_side: Side
    choice: Side | None
    reaction_ms: Milliseconds
    left_ms: Milliseconds
    right_ms: Milliseconds


_PARTICIPANTS, _TRIALS = TypeAdapter(list[_Participant]), TypeAdapter(list[_Trial])


def require_answers(
    people: list[dict[str, Any]], trials: list[dict[str, Any]], design: Design, path: Path
) -> None:
    """Make sure that rows are answers to a study.

    Args:
        people: rows of participants.
        trials: rows of their trials.
        design: the study.
        path: of the file, for the message.

    Raises:
        DataError: naming the first that is wrong.
    """
    try:
        _PARTICIPANTS.validate_python(people)
        _TRIALS.validate_python(trials)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise DataError(f"{path}: no answers to a study: {place}: {first['msg']}") from error
    for person in people:
        if person["method"] not in design.methods:
            raise DataError(f"{path}: answers to another study, with '{person['method']}'")
