"""Takes participants in and keeps their answers; what a call has returned is on the disk."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from sqlite3 import Connection
from typing import Any

from cyclekit.errors import DataError
from cyclekit.evaluation.study.answers import require_answers
from cyclekit.evaluation.study.database import Database, Row
from cyclekit.evaluation.study.design import ANSWERS, Design, files_of
from cyclekit.evaluation.study.trials import Side, draw_trials
from cyclekit.evaluation.study.turns import current_trial, describe, is_open

ACTIVE = timedelta(minutes=60)
"""How long after the last sign of life an unfinished participant still takes up a place."""
State = dict[str, Any]
"""What `describe` returns."""


class OutOfTurnError(Exception):
    """A call does not fit what the participant is at; whoever made it should look again."""


class UnknownParticipantError(Exception):
    """Nobody has this token."""


class Store:
    """The answers of a study. Any number of threads and processes may share them.

    Every method that takes a token raises UnknownParticipantError if nobody has it.

    Args:
        study: the study's folder.
        design: what it is made of.

    Raises:
        DataError: if the file cannot be used.
    """

    def __init__(self, study: Path, design: Design) -> None:
        self.design = design
        self._files = files_of(design)
        self._database = Database(study / ANSWERS)

    def join(self, screen: Mapping[str, Any]) -> str:
        """Take somebody in, for the method that fewest have seen; draw all trials.

        Args:
            screen: what is known of the screen, kept beside the answers.

        Returns:
            The secret by which the participant is known.
        """
        token, now = secrets.token_urlsafe(24), _now()
        with self._database.writing() as base:
            last = base.execute("SELECT coalesce(max(number), 0) FROM participants").fetchone()[0]
            method = self._next_method(base)
            base.execute(
                "INSERT INTO participants (number, token, method, joined, seen, screen)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                (last + 1, token, method, now, now, json.dumps(dict(screen))),
            )
            base.executemany(
                "INSERT INTO trials (participant, number, kind, real, fake, real_side)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                [
                    (last + 1, place, one.kind, one.real, one.fake, one.real_side)
                    for place, one in enumerate(draw_trials(self.design, method, last + 1))
                ],
            )
        return token

    def resume(self, token: str) -> State:
        """Tell where a participant is after the page has been opened anew.

        A trial whose pictures were being shown counts as interrupted: they are not shown again.
        """
        with self._database.writing() as base:
            who = _find(base, token)
            base.execute(
                "UPDATE trials SET interrupted = ? WHERE participant = ? AND started IS NOT NULL"
                " AND shown IS NULL AND answered IS NULL AND interrupted IS NULL",
                (_now(), who["number"]),
            )
            return self._settled(base, who)

    def pictures(self, token: str, number: int) -> dict[Side, str]:
        """Return the files of a trial that is the next, or the one after it.

        Raises:
            OutOfTurnError: if it is not, or its pictures have been seen.
            DataError: if they are none of this study.
        """
        with self._database.reading() as base:
            trials = _trials(base, _find(base, token))
        soon = [one for one in trials if is_open(one)][:2]
        found = next((one for one in soon if one["number"] == number), None)
        if found is None or found["started"]:
            raise OutOfTurnError
        if not {found["real"], found["fake"]} <= self._files:
            raise DataError(f"{self._database.path}: names pictures that are not of this study")
        real, fake = found["real"], found["fake"]
        return {"left": real, "right": fake} if found["real_side"] == "left" else {
            "left": fake, "right": real
        }  # fmt: skip

    def start(self, token: str, number: int) -> None:
        """Note that the pictures of a trial begin to be seen; from now on they are not given out.

        Raises:
            OutOfTurnError: if this trial is not the next, or has begun already.
        """
        with self._database.writing() as base:
            who = _find(base, token)
            if self._turn(base, who, number)["started"]:
                raise OutOfTurnError
            _mark(base, who, number, "started")

    def show(self, token: str, number: int) -> None:
        """Note that both pictures have been seen to the end.

        Raises:
            OutOfTurnError: if this trial is not the one that has begun.
        """
        with self._database.writing() as base:
            who = _find(base, token)
            self._begun(base, who, number)
            _mark(base, who, number, "shown")

    def interrupt(self, token: str, number: int) -> State:
        """Note that the pictures were not seen as they should be; a spare trial takes the place.

        Raises:
            OutOfTurnError: if this trial is not the one whose pictures are being seen.
        """
        with self._database.writing() as base:
            who = _find(base, token)
            if self._begun(base, who, number)["shown"]:
                raise OutOfTurnError
            _mark(base, who, number, "interrupted")
            return self._settled(base, who)

    def answer(
        self, token: str, number: int, choice: Side, times: Mapping[str, float | None]
    ) -> tuple[State, Side | None]:
        """Keep an answer. Given once more, perhaps because a connection broke, it changes nothing.

        Args:
            token: the participant's.
            number: the trial's.
            choice: where the real picture was thought to be.
            times: `reaction_ms`, `left_ms`, `right_ms`, as measured by the page; None if unknown.

        Returns:
            The state, and in practice the side of the real picture, else None.

        Raises:
            OutOfTurnError: if this trial is not the one that has begun.
        """
        with self._database.writing() as base:
            who = _find(base, token)
            found = _trial(base, who, number)
            if not found["answered"]:
                self._begun(base, who, number)
                _keep(base, who, number, choice, times)
            practice = found["kind"] == "practice"
            return self._settled(base, who), found["real_side"] if practice else None

    def comment(self, token: str, text: str) -> None:
        """Keep what a participant wants to say."""
        with self._database.writing() as base:
            number = _find(base, token)["number"]
            base.execute("UPDATE participants SET comment = ? WHERE number = ?", (text, number))

    def everything(self) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """Return all participants and all their trials, in order, without secrets.

        Raises:
            DataError: if what is there are no answers to this study.
        """
        with self._database.reading() as base:
            people = base.execute(
                "SELECT number, method, joined, finished, comment, screen FROM participants"
                " ORDER BY number"
            ).fetchall()
            trials = base.execute("SELECT * FROM trials ORDER BY participant, number").fetchall()
        found = [dict(row) for row in people], [dict(row) for row in trials]
        require_answers(*found, self.design, self._database.path)
        return found

    def _next_method(self, base: Connection) -> str:
        """Choose the method with the fewest participants who finished or are still at it."""
        active = (datetime.now(UTC) - ACTIVE).isoformat()
        taken = dict(
            base.execute(
                "SELECT method, count(*) FROM participants WHERE finished IS NOT NULL OR seen > ?"
                " GROUP BY method",
                (active,),
            ).fetchall()
        )
        fewest = min(taken.get(name, 0) for name in self.design.methods)
        least = [name for name in self.design.methods if taken.get(name, 0) == fewest]
        return secrets.choice(least)

    def _turn(self, base: Connection, who: Row, number: int) -> Row:
        current = current_trial(_trials(base, who), self.design.protocol)
        if current is None or current["number"] != number:
            raise OutOfTurnError
        return current

    def _begun(self, base: Connection, who: Row, number: int) -> Row:
        current = self._turn(base, who, number)
        if not current["started"]:
            raise OutOfTurnError
        return current

    def _settled(self, base: Connection, who: Row) -> State:
        """Note the sign of life, and whether the participant is through; return the state."""
        state, now = describe(_trials(base, who), self.design.protocol), _now()
        base.execute(
            "UPDATE participants SET seen = ?, finished = coalesce(finished, ?) WHERE number = ?",
            (now, now if state["finished"] else None, who["number"]),
        )
        return state


def _find(base: Connection, token: str) -> Row:
    row: Row | None = base.execute(
        "SELECT * FROM participants WHERE token = ?", (token,)
    ).fetchone()
    if row is None:
        raise UnknownParticipantError
    return row


def _trial(base: Connection, who: Row, number: int) -> Row:
    row: Row | None = base.execute(
        "SELECT * FROM trials WHERE participant = ? AND number = ?", (who["number"], number)
    ).fetchone()
    if row is None:
        raise OutOfTurnError
    return row


def _trials(base: Connection, who: Row) -> list[Row]:
    return base.execute(
        "SELECT * FROM trials WHERE participant = ? ORDER BY number", (who["number"],)
    ).fetchall()


def _mark(base: Connection, who: Row, number: int, column: str) -> None:
    base.execute(
        f"UPDATE trials SET {column} = ? WHERE participant = ? AND number = ?",
        (_now(), who["number"], number),
    )


def _keep(
    base: Connection, who: Row, number: int, choice: Side, times: Mapping[str, float | None]
) -> None:
    now, measured = _now(), [times.get(name) for name in ("reaction_ms", "left_ms", "right_ms")]
    base.execute(
        "UPDATE trials SET answered = ?, shown = coalesce(shown, ?), choice = ?, reaction_ms = ?,"
        " left_ms = ?, right_ms = ? WHERE participant = ? AND number = ?",
        (now, now, choice, *measured, who["number"], number),
    )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
