"""Where a participant is, from what has been noted of the trials."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cyclekit.evaluation.study.database import Row
from cyclekit.evaluation.study.design import Protocol


def current_trial(trials: Sequence[Row], protocol: Protocol) -> Row | None:
    """Return the trial that is next, or under way; None after the last.

    Args:
        trials: all of one participant, in order.
        protocol: says how many must count; spare trials follow as far as others were interrupted.
    """
    for trial in trials:
        if trial["kind"] != "spare" and is_open(trial):
            return trial
    if len(scored(trials)) >= protocol.trials:
        return None
    return next((one for one in trials if one["kind"] == "spare" and is_open(one)), None)


def is_open(trial: Row) -> bool:
    """Whether a trial still waits for an answer."""
    return not trial["answered"] and not trial["interrupted"]


def scored(trials: Sequence[Row]) -> list[Row]:
    """Return the answered trials that count."""
    return [one for one in trials if one["kind"] in ("scored", "spare") and one["answered"]]


def describe(trials: Sequence[Row], protocol: Protocol) -> dict[str, Any]:
    """Tell a participant's page what it may know.

    Returns:
        `answered`, `of`, `finished`; of the trial that is next, if any, `number`, `practice` and
        `shown` (whether only the answer is missing); after the last, `right` of `scored`.
    """
    current = current_trial(trials, protocol)
    state: dict[str, Any] = {
        "answered": sum(bool(one["answered"]) for one in trials),
        "of": protocol.practice + protocol.trials + protocol.vigilance,
        "finished": current is None,
        "next": None,
    }
    if current is None:
        own = scored(trials)
        state["right"] = sum(one["choice"] == one["real_side"] for one in own)
        state["scored"] = len(own)
    else:
        state["next"] = {
            "number": current["number"],
            "practice": current["kind"] == "practice",
            "shown": bool(current["shown"]),
        }
    return state
