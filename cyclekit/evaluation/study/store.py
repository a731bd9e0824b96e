"""Participants and their answers in SQLite; what a call has returned is on the disk."""

from __future__ import annotations

import json
import secrets
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cyclekit.errors import DataError
from cyclekit.evaluation.study.design import ANSWERS, Design
from cyclekit.evaluation.study.trials import Side, draw_trials

ACTIVE = timedelta(minutes=60)
"""How long after the last sign of life an unfinished participant still takes up a place."""
_PATIENCE = 30.0  # seconds that one participant waits for another's answer to be written
_TABLES = """
CREATE TABLE IF NOT EXISTS participants (
    number INTEGER PRIMARY KEY, token TEXT NOT NULL UNIQUE, method TEXT NOT NULL,
    joined TEXT NOT NULL, seen TEXT NOT NULL, finished TEXT, comment TEXT, screen TEXT
);
CREATE TABLE IF NOT EXISTS trials (
    participant INTEGER NOT NULL REFERENCES participants, number INTEGER NOT NULL,
    kind TEXT NOT NULL, real TEXT NOT NULL, fake TEXT NOT NULL, real_side TEXT NOT NULL,
    started TEXT, shown TEXT, interrupted TEXT, answered TEXT,
    choice TEXT, reaction_ms REAL, left_ms REAL, right_ms REAL,
    PRIMARY KEY (participant, number)
) WITHOUT ROWID;
"""
Row = sqlite3.Row


class OutOfTurn(Exception):
    """A call does not fit what the participant is at; whoever made it should look again."""


class Store:
    """The answers of a study. Any number of threads and processes may share them.

    Args:
        study: the study's folder.
        design: what it is made of.

    Raises:
        DataError: if the file cannot be used.
    """

    def __init__(self, study: Path, design: Design) -> None:
        self.design = design
        self._path = study / ANSWERS
        with self._reporting(), self._writing() as base:
            for statement in _TABLES.split(";"):
                base.execute(statement)

    def join(self, screen: Mapping[str, Any]) -> str:
        """Take somebody in, for the method that fewest have seen; draw all trials.

        Args:
            screen: what is known of the screen, kept beside the answers.

        Returns:
            The secret by which the participant is known.
        """
        token, now = secrets.token_urlsafe(24), _now()
        with self._writing() as base:
            (number,) = base.execute("SELECT coalesce(max(number), 0) + 1 FROM participants").fetchone()  # fmt: skip
            method = self._next_method(base)
            base.execute(
                "INSERT INTO participants (number, token, method, joined, seen, screen)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                (number, token, method, now, now, json.dumps(dict(screen))),
            )
            trials = draw_trials(self.design, method, number)
            base.executemany(
                "INSERT INTO trials (participant, number, kind, real, fake, real_side)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                [(number, place, one.kind, one.real, one.fake, one.real_side)
                 for place, one in enumerate(trials)],
            )  # fmt: skip
        return token

    def resume(self, token: str) -> dict[str, Any] | None:
        """Tell where a participant is, as `state`, after the page has been opened anew.

        A trial whose pictures were being shown counts as interrupted: they are not shown again.
        """
        with self._writing() as base:
            who = _find(base, token)
            if who is None:
                return None
            base.execute(
                "UPDATE trials SET interrupted = ? WHERE participant = ? AND started IS NOT NULL"
                " AND shown IS NULL AND answered IS NULL AND interrupted IS NULL",
                (_now(), who["number"]),
            )
            return self._settled(base, who)

    def state(self, token: str) -> dict[str, Any] | None:
        """Tell where a participant is; None if there is no such participant.

        Returns:
            `answered` and `of` (trials that have feedback or count), `finished`, and of the trial
            that is next `number`, `practice`, `shown` (whether only the answer is missing).
        """
        with self._writing() as base:
            who = _find(base, token)
            return None if who is None else self._settled(base, who)

    def pictures(self, token: str, number: int) -> dict[Side, str] | None:
        """Return the files of a trial that has not begun, if it is the next or the one after it."""
        with self._reading() as base:
            who = _find(base, token)
            if who is None:
                return None
            trials = _trials(base, who)
            open_ones = [one["number"] for one in trials if not one["answered"] and not one["interrupted"]]  # fmt: skip
            if number not in open_ones[:2] or trials[number]["started"]:
                return None
            return _sides(trials[number])

    def start(self, token: str, number: int) -> None:
        """Note that the pictures of a trial begin to be seen; from now on they are not given out.

        Raises:
            OutOfTurn: if this trial is not the next, or has begun already.
        """
        with self._writing() as base:
            who, trial = self._next(base, token, number)
            if trial["started"]:
                raise OutOfTurn
            self._mark(base, who, number, "started")

    def show(self, token: str, number: int) -> None:
        """Note that both pictures have been seen to the end.

        Raises:
            OutOfTurn: if this trial is not the one that has begun.
        """
        with self._writing() as base:
            who, trial = self._next(base, token, number)
            if not trial["started"]:
                raise OutOfTurn
            self._mark(base, who, number, "shown")

    def interrupt(self, token: str, number: int) -> dict[str, Any]:
        """Note that the pictures were not seen as they should be; a spare trial takes the place.

        Raises:
            OutOfTurn: if this trial is not the one that has begun.
        """
        with self._writing() as base:
            who, trial = self._next(base, token, number)
            if not trial["started"] or trial["shown"]:
                raise OutOfTurn
            self._mark(base, who, number, "interrupted")
            return self._settled(base, who)

    def answer(
        self, token: str, number: int, choice: Side, times: Mapping[str, float | None]
    ) -> tuple[dict[str, Any], Side | None]:
        """Keep an answer. Given once more, perhaps because a connection broke, it changes nothing.

        Args:
            token: the participant's.
            number: the trial's.
            choice: where the real picture was thought to be.
            times: `reaction_ms`, `left_ms`, `right_ms`, as measured by the page; None if unknown.

        Returns:
            The state, and in practice the side of the real picture, else None.

        Raises:
            OutOfTurn: if this trial is not the one that has begun.
        """
        with self._writing() as base:
            who = _find(base, token)
            found = None if who is None else _trial(base, who, number)
            if who is None or found is None:
                raise OutOfTurn
            if not found["answered"]:
                self._next(base, token, number)
                if not found["started"]:
                    raise OutOfTurn
                base.execute(
                    "UPDATE trials SET answered = ?, shown = coalesce(shown, ?), choice = ?,"
                    " reaction_ms = ?, left_ms = ?, right_ms = ?"
                    " WHERE participant = ? AND number = ?",
                    (_now(), _now(), choice, times.get("reaction_ms"), times.get("left_ms"),
                     times.get("right_ms"), who["number"], number),
                )  # fmt: skip
            practice = found["kind"] == "practice"
            return self._settled(base, who), found["real_side"] if practice else None

    def comment(self, token: str, text: str) -> None:
        """Keep what a participant wants to say.

        Raises:
            OutOfTurn: if there is no such participant.
        """
        with self._writing() as base:
            who = _find(base, token)
            if who is None:
                raise OutOfTurn
            base.execute("UPDATE participants SET comment = ? WHERE number = ?", (text, who["number"]))  # fmt: skip

    def everything(self) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """Return all participants and all their trials, in order, without secrets."""
        with self._reporting(), self._reading() as base:
            people = base.execute(
                "SELECT number, method, joined, finished, comment, screen FROM participants"
                " ORDER BY number"
            ).fetchall()
            trials = base.execute("SELECT * FROM trials ORDER BY participant, number").fetchall()
        return [dict(row) for row in people], [dict(row) for row in trials]

    def _next_method(self, base: sqlite3.Connection) -> str:
        """Choose the method with the fewest participants who finished or are still at it."""
        active = (datetime.now(UTC) - ACTIVE).isoformat()
        taken = dict(base.execute(
            "SELECT method, count(*) FROM participants WHERE finished IS NOT NULL OR seen > ?"
            " GROUP BY method", (active,),
        ).fetchall())  # fmt: skip
        fewest = min(taken.get(name, 0) for name in self.design.methods)
        return secrets.choice(
            [name for name in self.design.methods if taken.get(name, 0) == fewest]
        )

    def _next(self, base: sqlite3.Connection, token: str, number: int) -> tuple[Row, Row]:
        who = _find(base, token)
        if who is None:
            raise OutOfTurn
        current = self._current(_trials(base, who))
        if current is None or current["number"] != number:
            raise OutOfTurn
        return who, current

    def _current(self, trials: list[Row]) -> Row | None:
        """Return the first open trial; spare ones as far as scored ones were interrupted."""
        for trial in trials:
            if trial["kind"] != "spare" and _is_open(trial):
                return trial
        counted = sum(one["kind"] in ("scored", "spare") and bool(one["answered"]) for one in trials)  # fmt: skip
        if counted >= self.design.protocol.trials:
            return None
        return next((one for one in trials if one["kind"] == "spare" and _is_open(one)), None)

    def _settled(self, base: sqlite3.Connection, who: Row) -> dict[str, Any]:
        """Note the sign of life, and whether the participant is through; return the state."""
        trials = _trials(base, who)
        current, now = self._current(trials), _now()
        finished = who["finished"] or (now if current is None else None)
        base.execute(
            "UPDATE participants SET seen = ?, finished = ? WHERE number = ?",
            (now, finished, who["number"]),
        )
        protocol = self.design.protocol
        state: dict[str, Any] = {
            "answered": sum(bool(one["answered"]) for one in trials),
            "of": protocol.practice + protocol.trials + protocol.vigilance,
            "finished": finished is not None,
            "next": None if current is None else {
                "number": current["number"], "practice": current["kind"] == "practice",
                "shown": bool(current["shown"]),
            },
        }  # fmt: skip
        if finished:
            scored = [one for one in trials if one["kind"] in ("scored", "spare") and one["answered"]]  # fmt: skip
            state["right"] = sum(one["choice"] == one["real_side"] for one in scored)
            state["scored"] = len(scored)
        return state

    def _mark(self, base: sqlite3.Connection, who: Row, number: int, column: str) -> None:
        base.execute(
            f"UPDATE trials SET {column} = ? WHERE participant = ? AND number = ?",
            (_now(), who["number"], number),
        )

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._reading() as base:
            base.execute("BEGIN IMMEDIATE")
            try:
                yield base
            except BaseException:
                base.execute("ROLLBACK")
                raise
            base.execute("COMMIT")

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        base = sqlite3.connect(self._path, timeout=_PATIENCE, isolation_level=None)
        with closing(base):
            base.row_factory = Row
            base.execute("PRAGMA synchronous = FULL")
            yield base

    @contextmanager
    def _reporting(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise DataError(f"{self._path}: cannot be used: {error}") from error


def _find(base: sqlite3.Connection, token: str) -> Row | None:
    row: Row | None = base.execute(
        "SELECT * FROM participants WHERE token = ?", (token,)
    ).fetchone()
    return row


def _trial(base: sqlite3.Connection, who: Row, number: int) -> Row | None:
    row: Row | None = base.execute(
        "SELECT * FROM trials WHERE participant = ? AND number = ?", (who["number"], number)
    ).fetchone()
    return row


def _trials(base: sqlite3.Connection, who: Row) -> list[Row]:
    return base.execute(
        "SELECT * FROM trials WHERE participant = ? ORDER BY number", (who["number"],)
    ).fetchall()


def _is_open(trial: Row) -> bool:
    return not trial["answered"] and not trial["interrupted"]


def _sides(trial: Row) -> dict[Side, str]:
    real, fake = trial["real"], trial["fake"]
    return {"left": real, "right": fake} if trial["real_side"] == "left" else {"left": fake, "right": real}  # fmt: skip


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
