from pathlib import Path

import numpy as np
import pytest

from cyclekit.errors import DataError
from cyclekit.evaluation.study.analysis import analyse
from cyclekit.evaluation.study.store import Store
from cyclekit.metrics.fooling import wilson_interval
from tests.evaluation.study.worlds import SCREEN, Person, tiny_study


@pytest.fixture(autouse=True)
def in_turn(monkeypatch):
    """Give methods out in turn, not by chance: an interval of 95 % may well miss the truth."""
    monkeypatch.setattr("cyclekit.evaluation.study.store.secrets.choice", lambda least: least[0])


def run(root: Path, skill: dict[str, float], people: int, seed: int = 0, **protocol: object):
    methods = tuple(name for name in skill if name != "control")
    study, design = tiny_study(root, methods, **protocol)
    store, draws = Store(study, design), np.random.default_rng(seed)
    taken = [Person(store, design, skill, draws) for _ in range(people)]
    for person in taken:
        person.answer_all()
    return study, design, taken


def test_people_of_known_skill_are_recovered(tmp_path):
    """Through the whole path: drawn, stored, read, worked out; two methods and the control."""
    truth = {"poor": 0.9, "good": 0.65, "control": 0.5}
    study, design, _ = run(tmp_path, truth, 12, count=60, practice=1, trials=20, control=True)
    found = analyse(study, design)
    assert [rate.method for rate in found.rates] == ["poor", "good", "control"]
    for rate in found.rates:
        assert rate.interval[0] <= 1 - truth[rate.method] <= rate.interval[1]
        assert (rate.participants, rate.trials) == (4, 80)
        assert rate.interval[0] < rate.rate < rate.interval[1]
        assert rate.interval[1] - rate.interval[0] < 0.4
        assert rate.seconds == (0.8, 0.8, 0.8)
    first = found.contrasts[0]
    assert first.methods == ("poor", "good")
    assert first.interval[0] <= -0.25 <= first.interval[1]
    assert first.above < 0.05
    assert len(found.contrasts) == 3


def test_counts_are_those_of_the_answers(tmp_path):
    study, design, _ = run(tmp_path, {"paints": 0.5}, 1, seed=4)
    found = analyse(study, design)
    trials = [one for one in Store(study, design).everything()[1] if one["kind"] == "scored"]
    fooled = sum(one["choice"] != one["real_side"] for one in trials)
    assert (found.rates[0].fooled, found.rates[0].trials) == (fooled, 4)
    assert found.people[0].interval == wilson_interval(fooled, 4)
    assert found.people[0].left == sum(one["choice"] == "left" for one in trials) / 4
    shown = {one["fake"]: one["choice"] != one["real_side"] for one in trials}
    assert {one.file: (one.fooled, one.shown) for one in found.pictures} == {
        file: (int(wrong), 1) for file, wrong in shown.items()
    }
    assert any("was seen by 1" in note for note in found.notes)


def test_practice_and_vigilance_do_not_count(tmp_path):
    study, design, _ = run(tmp_path, {"paints": 0.0}, 1, practice=3, trials=2, vigilance=2)
    found = analyse(study, design)
    assert (found.rates[0].rate, found.rates[0].trials) == (1.0, 2)
    assert found.people[0].vigilance == (0, 2)
    with pytest.raises(DataError, match="nobody's answers count"):
        analyse(study, design, attentive=0.5)


def test_who_stopped_is_left_out_and_told(tmp_path):
    study, design = tiny_study(tmp_path)
    store, draws = Store(study, design), np.random.default_rng(0)
    with pytest.raises(DataError, match="0 have joined, and nobody's answers count"):
        analyse(study, design)
    person = Person(store, design, {"paints": 1.0}, draws)
    person.answer_all(most=3)
    with pytest.raises(DataError, match="1 have joined, and nobody's answers count"):
        analyse(study, design)
    Person(store, design, {"paints": 1.0}, draws).answer_all()
    found = analyse(study, design)
    assert found.rates[0].participants == 1
    assert "1 who did not finish are left out" in found.notes
    assert analyse(study, design, unfinished=True).rates[0].trials == 2 + 4


def test_a_study_that_nobody_has_seen_says_so(tmp_path):
    with pytest.raises(DataError, match="nobody has taken part yet"):
        analyse(*tiny_study(tmp_path))


def test_what_went_wrong_in_showing_is_told(tmp_path):
    study, design = tiny_study(tmp_path)
    store = Store(study, design)
    token = store.join({**SCREEN, "picture": 9.0})
    state, late = store.resume(token), {"reaction_ms": 500.0, "left_ms": 100.0, "right_ms": 190.0}
    store.start(token, 0)
    state = store.interrupt(token, 0)
    while not state["finished"]:
        store.start(token, state["next"]["number"])
        state, _ = store.answer(token, state["next"]["number"], "left", late)
    notes = analyse(study, design).notes
    assert "4 of 8 exposures were more than 50 ms off 100 ms" in notes
    assert "1 saw the pictures smaller than 16 px" in notes
    assert any(note.startswith("1 interrupted trials do not count") for note in notes)


def test_a_control_that_is_not_at_chance_is_an_alarm(tmp_path):
    study, design, _ = run(
        tmp_path, {"paints": 0.5, "control": 1.0}, 4, count=40, trials=12, control=True
    )
    assert any("the control is not at 50 %" in note for note in analyse(study, design).notes)
