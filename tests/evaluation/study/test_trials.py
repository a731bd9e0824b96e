from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cyclekit.evaluation.study.design import CONTROL, SPARES, Design, Entry, Protocol
from cyclekit.evaluation.study.trials import draw_trials


def entries(name: str, count: int) -> tuple[Entry, ...]:
    kind = sum(map(ord, name))
    return tuple(Entry(file=f"{kind:016x}{i:016x}.png", key=f"{i}") for i in range(count))


def design(real: int = 120, fake: int = 80, obvious: int = 0, **protocol: object) -> Design:
    return Design(
        title="t", seed=3, size=64, jpeg=None, protocol=Protocol.model_validate(protocol),
        real=entries("real", real), fakes={"a": entries("a", fake), "b": entries("b", fake)},
        obvious=entries("obvious", obvious),
    )  # fmt: skip


def test_the_default_is_the_published_protocol():
    trials = draw_trials(design(), "a", 1)
    kinds = [trial.kind for trial in trials]
    assert kinds[:50] == ["practice"] * 10 + ["scored"] * 40
    assert kinds[50:] == ["spare"] * SPARES
    protocol = Protocol()
    assert (protocol.exposure_ms, protocol.gap_ms, protocol.blank_ms) == (1000, 600, 900)
    assert (protocol.start_ms, protocol.question_ms, protocol.feedback_ms) == (300, 100, 2400)


@given(
    practice=st.integers(0, 9), trials=st.integers(1, 20), vigilance=st.integers(0, 5),
    pairing=st.sampled_from(["different", "same"]), participant=st.integers(1, 10**6),
    method=st.sampled_from(["a", "b", CONTROL]),
)  # fmt: skip
def test_no_picture_comes_twice_and_sides_are_balanced(
    practice, trials, vigilance, pairing, participant, method
):
    study = design(
        real=62, fake=40, obvious=vigilance, practice=practice, trials=trials, vigilance=vigilance,
        pairing=pairing, control=True,
    )  # fmt: skip
    drawn = draw_trials(study, method, participant)
    files = [file for trial in drawn for file in (trial.real, trial.fake)]
    assert len(files) == len(set(files))
    counts = Counter(trial.kind for trial in drawn)
    assert (counts["practice"], counts["scored"], counts["vigilance"]) == (practice, trials, vigilance)  # fmt: skip
    for kind in ("practice", "scored", "vigilance"):
        left = sum(one.real_side == "left" for one in drawn if one.kind == kind)
        assert abs(2 * left - counts[kind]) <= 1
    assert drawn == draw_trials(study, method, participant)
    if practice + trials > 3:
        assert drawn != draw_trials(study, method, participant + 1)


def by_file(study: Design) -> dict[str, tuple[str, str]]:
    found = {one.file: ("real", one.key) for one in study.real}
    found |= {one.file: ("obvious", one.key) for one in study.obvious}
    return found | {one.file: (name, one.key) for name, own in study.fakes.items() for one in own}


@pytest.mark.parametrize("participant", range(1, 30))
def test_pairs_are_of_one_method_and_of_different_or_the_same_names(participant):
    for pairing, same in (("different", False), ("same", True)):
        study = design(real=55, fake=52, obvious=2, vigilance=2, practice=5, trials=40, pairing=pairing)  # fmt: skip
        origin = by_file(study)
        for trial in draw_trials(study, "b", participant):
            (real, key), (fake, other) = origin[trial.real], origin[trial.fake]
            assert real == "real"
            assert fake == ("obvious" if trial.kind == "vigilance" else "b")
            if trial.kind != "vigilance":
                assert (key == other) is same


def test_the_control_practises_with_fakes_and_compares_real_with_real():
    study = design(control=True)
    origin = by_file(study)
    practised = set()
    for participant in (1, 2):
        trials = draw_trials(study, CONTROL, participant)
        practised |= {origin[one.fake][0] for one in trials if one.kind == "practice"}
        assert {origin[one.fake][0] for one in trials if one.kind == "scored"} == {"real"}
        assert sum(one.kind == "scored" for one in trials) == 40
    assert practised == {"a", "b"}  # every method in turn


def test_vigilance_is_spread_among_what_counts():
    places = set()
    for participant in range(20):
        trials = draw_trials(design(obvious=4, vigilance=4), "a", participant)
        places |= {place for place, one in enumerate(trials) if one.kind == "vigilance"}
    assert min(places) < 15
    assert max(places) > 48
