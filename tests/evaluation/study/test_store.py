import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from cyclekit.errors import DataError
from cyclekit.evaluation.study.design import ANSWERS
from cyclekit.evaluation.study.store import OutOfTurnError, Store, UnknownParticipantError
from tests.evaluation.study.worlds import SCREEN, TIMES, Person, tiny_study

DRAWS = np.random.default_rng(0)


@pytest.fixture
def study(tmp_path: Path):
    return tiny_study(tmp_path)


def rows(store: Store) -> list[dict[str, object]]:
    return store.everything()[1]


def test_a_participant_goes_from_practice_to_the_end(study):
    store = Store(*study)
    token = store.join(SCREEN)
    state = store.resume(token)
    assert state == {
        "answered": 0, "of": 5, "finished": False,
        "next": {"number": 0, "practice": True, "shown": False},
    }  # fmt: skip
    store.start(token, 0)
    store.show(token, 0)
    side = rows(store)[0]["real_side"]
    state, real = store.answer(token, 0, side, TIMES)
    assert real == side  # practice tells
    for number in range(1, 5):
        assert state["next"] == {"number": number, "practice": False, "shown": False}
        store.start(token, number)
        state, real = store.answer(token, number, rows(store)[number]["real_side"], TIMES)
        assert real is None  # what counts does not
    assert (state["finished"], state["right"], state["scored"]) == (True, 4, 4)
    assert store.everything()[0][0]["finished"]


def test_an_answer_is_in_the_file_when_the_call_returns(study):
    token = Store(*study).join(SCREEN)
    Store(*study).start(token, 0)
    Store(*study).answer(token, 0, "left", TIMES)
    kept = rows(Store(*study))[0]
    assert (kept["choice"], kept["reaction_ms"], kept["left_ms"]) == ("left", 800, 1000)


def test_an_answer_given_again_changes_nothing(study):
    store = Store(*study)
    token = store.join(SCREEN)
    store.start(token, 0)
    first = store.answer(token, 0, "left", TIMES)
    before = rows(store)
    assert store.answer(token, 0, "right", {"reaction_ms": 1.0}) == first
    assert rows(store) == before


def test_pictures_are_given_out_before_they_are_seen_and_never_after(study):
    store = Store(*study)
    token = store.join(SCREEN)
    trial = rows(store)[0]
    shown = store.pictures(token, 0)
    assert shown[trial["real_side"]] == trial["real"]
    assert set(shown.values()) == {trial["real"], trial["fake"]}
    store.pictures(token, 1)  # ahead
    with pytest.raises(OutOfTurnError):
        store.pictures(token, 2)
    store.start(token, 0)
    with pytest.raises(OutOfTurnError):
        store.pictures(token, 0)
    store.answer(token, 0, "left", TIMES)
    with pytest.raises(OutOfTurnError):
        store.pictures(token, 0)


def test_out_of_turn_is_refused(study):
    store = Store(*study)
    token = store.join(SCREEN)
    for call in (
        lambda: store.start(token, 1), lambda: store.answer(token, 0, "left", TIMES),
        lambda: store.show(token, 0), lambda: store.interrupt(token, 0),
        lambda: store.answer(token, 99, "left", TIMES),
    ):  # fmt: skip
        with pytest.raises(OutOfTurnError):
            call()
    store.start(token, 0)
    with pytest.raises(OutOfTurnError):
        store.start(token, 0)
    for call in (store.resume, lambda token: store.pictures(token, 0)):
        with pytest.raises(UnknownParticipantError):
            call("nobody")


def test_who_returns_after_the_pictures_is_asked_without_seeing_them_again(study):
    store = Store(*study)
    token = store.join(SCREEN)
    store.start(token, 0)
    store.show(token, 0)
    state = store.resume(token)
    assert state["next"] == {"number": 0, "practice": True, "shown": True}
    with pytest.raises(OutOfTurnError):
        store.start(token, 0)
    store.answer(token, 0, "left", {"reaction_ms": None, "left_ms": None, "right_ms": None})


def test_pictures_cut_short_do_not_count_and_spare_ones_take_their_place(study):
    store = Store(*study)
    person = Person(store, study[1], {"paints": 1.0}, DRAWS)
    person.answer_all(most=2)
    store.start(person.token, 2)
    assert store.resume(person.token)["next"]["number"] == 3
    store.start(person.token, 3)
    assert store.interrupt(person.token, 3)["next"]["number"] == 4
    state = person.answer_all()
    assert (state["finished"], state["scored"], state["right"]) == (True, 4, 4)
    kinds = [one["kind"] for one in rows(store) if one["answered"]]
    assert kinds == ["practice", "scored", "scored", "spare", "spare"]


def test_interruptions_without_end_come_to_an_end(study):
    store = Store(*study)
    token = store.join(SCREEN)
    state = store.resume(token)
    for _ in range(100):
        if state["finished"]:
            break
        store.start(token, state["next"]["number"])
        state = store.resume(token)
    assert state["finished"]
    assert state["scored"] == 0


def test_methods_are_given_out_evenly_and_one_to_a_participant(tmp_path):
    study = tiny_study(tmp_path, ("a", "b", "c"))
    store = Store(*study)
    for _ in range(9):
        store.join(SCREEN)
    methods = [one["method"] for one in store.everything()[0]]
    assert sorted(methods) == ["a"] * 3 + ["b"] * 3 + ["c"] * 3
    assert all(len(set(methods[k : k + 3])) == 3 for k in (0, 3, 6))


def test_who_left_long_ago_takes_up_no_place(tmp_path, monkeypatch):
    study = tiny_study(tmp_path, ("a", "b"))
    store = Store(*study)
    store.join(SCREEN)
    (left,) = (one["method"] for one in store.everything()[0])
    from datetime import timedelta

    monkeypatch.setattr("cyclekit.evaluation.study.store.ACTIVE", timedelta(0))
    given = set()
    for _ in range(12):
        store.join(SCREEN)
        given.add(store.everything()[0][-1]["method"])
    assert left in given


def test_many_at_once_lose_nothing(tmp_path):
    study = tiny_study(tmp_path, ("a", "b"))
    gate = threading.Barrier(6)

    def take_part(seed: int) -> dict[str, object]:
        store = Store(*study)
        gate.wait()
        token = store.join(SCREEN)
        state = store.resume(token)
        while not state["finished"]:
            number = state["next"]["number"]
            store.start(token, number)
            state, _ = store.answer(token, number, "left", TIMES)
        return state

    with ThreadPoolExecutor(6) as pool:
        states = list(pool.map(take_part, range(6)))
    assert all(state["scored"] == 4 for state in states)
    people, trials = Store(*study).everything()
    assert [one["number"] for one in people] == [1, 2, 3, 4, 5, 6]
    assert sorted(one["method"] for one in people) == ["a"] * 3 + ["b"] * 3
    assert sum(bool(one["answered"]) for one in trials) == 30


def test_a_file_that_is_no_database_is_named(study):
    (study[0] / "answers.sqlite").write_bytes(b"this is no database, and long enough" * 40)
    with pytest.raises(DataError, match=r"answers\.sqlite: cannot be used"):
        Store(*study)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("UPDATE participants SET screen = '{no json'", "0.screen"),
        ("UPDATE participants SET screen = '[1]'", "0.screen"),
        ("UPDATE participants SET method = 'other'", "another study, with 'other'"),
        ("UPDATE trials SET reaction_ms = 'abc'", "0.reaction_ms"),
        ("UPDATE trials SET left_ms = -1", "0.left_ms"),
        ("UPDATE trials SET choice = 'up'", "0.choice"),
        ("UPDATE trials SET kind = x'00'", "0.kind"),
    ],
)
def test_answers_of_elsewhere_are_named(study, change, message):
    store = Store(*study)
    store.join(SCREEN)
    assert store.everything()[1]
    with closing(sqlite3.connect(study[0] / ANSWERS)) as base, base:
        base.execute(change)
    with pytest.raises(DataError, match=message):
        store.everything()


def test_no_path_in_the_answers_leads_out_of_the_study(study):
    store = Store(*study)
    token = store.join(SCREEN)
    with closing(sqlite3.connect(study[0] / ANSWERS)) as base, base:
        base.execute("UPDATE trials SET fake = '../study.json'")
    with pytest.raises(DataError, match="pictures that are not of this study"):
        store.pictures(token, 0)
