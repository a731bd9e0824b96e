"""From answers to fooling rates."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from cyclekit.errors import DataError
from cyclekit.evaluation.study.design import ANSWERS, CONTROL, Design
from cyclekit.evaluation.study.findings import Contrast, Convincing, Findings, Person, Rate
from cyclekit.evaluation.study.store import Store
from cyclekit.metrics.fooling import (
    Floats,
    bootstrap_rates,
    percentile_interval,
    permutation_p_value,
    share_above,
    sign_flip_p_value,
    wilson_interval,
)

Answers = list[dict[str, Any]]
"""Rows of the table of trials."""
OFF = 50.0
"""ms by which an exposure may miss its time before a note says so."""
FEW = 5
"""Participants of a method below whom an interval says little of people."""


def analyse(
    study: Path, design: Design, *, unfinished: bool = False, attentive: float = 0.0
) -> Findings:
    """Read the answers and work out what they say.

    Args:
        study: the study's folder.
        design: what it is made of.
        unfinished: count those who stopped before the end, too.
        attentive: least share of obvious fakes that a participant must have recognised to count.

    Raises:
        DataError: if nobody's answers count.
    """
    if not (study / ANSWERS).exists():
        raise DataError(f"{study}: nobody has taken part yet; see 'cyclekit study serve'")
    people, trials = Store(study, design).everything()
    by_person: dict[int, Answers] = defaultdict(list)
    for trial in trials:
        by_person[trial["participant"]].append(trial)
    found = Findings()
    for row in people:
        own = by_person[row["number"]]
        found.people.append(_person(row, own, unfinished, attentive))
        if row["comment"]:
            found.comments.append((row["number"], row["comment"]))
    counted = {one.number for one in found.people if one.counted}
    if not counted:
        raise DataError(
            f"{study}: {len(people)} have joined, and nobody's answers count yet (see --unfinished)"
        )
    _compare(found, design.methods)
    scored = [trial for one in counted for trial in _scored(by_person[one])]
    _add_times(found, scored, {one.number: one.method for one in found.people})
    _add_pictures(found, scored, design)
    found.notes = _notes(found, by_person, design)
    return found


def _scored(trials: Answers) -> Answers:
    return [one for one in trials if one["answered"] and one["kind"] in ("scored", "spare")]


def _person(row: dict[str, Any], trials: Answers, unfinished: bool, attentive: float) -> Person:
    scored = _scored(trials)
    obvious = [one for one in trials if one["answered"] and one["kind"] == "vigilance"]
    seen = sum(_right(one) for one in obvious)
    fooled = sum(not _right(one) for one in scored)
    awake = not obvious or seen / len(obvious) >= attentive
    times = _seconds(scored)
    return Person(
        number=row["number"], method=row["method"], finished=row["finished"] is not None,
        counted=bool(scored) and awake and (unfinished or row["finished"] is not None),
        fooled=fooled, trials=len(scored),
        interval=wilson_interval(fooled, len(scored)) if scored else None,
        vigilance=(seen, len(obvious)),
        interrupted=sum(bool(one["interrupted"]) for one in trials),
        left=sum(one["choice"] == "left" for one in scored) / len(scored) if scored else None,
        seconds=median(times) if times else None,
        picture=json.loads(row["screen"] or "{}").get("picture"),
    )  # fmt: skip


def _right(trial: dict[str, Any]) -> bool:
    return bool(trial["choice"] == trial["real_side"])


def _seconds(trials: Iterable[dict[str, Any]]) -> list[float]:
    return [one["reaction_ms"] / 1000 for one in trials if one["reaction_ms"] is not None]


def _compare(found: Findings, methods: Sequence[str]) -> None:
    """Work out every method's rate, and every pair's difference, from the same samples."""
    groups = {name: [p for p in found.people if p.counted and p.method == name] for name in methods}
    groups = {name: group for name, group in groups.items() if group}
    samples: dict[str, Floats] = {}
    for place, (name, group) in enumerate(groups.items()):
        samples[name] = bootstrap_rates(
            np.array([one.fooled for one in group]), np.array([one.trials for one in group]),
            seed=place,
        )  # fmt: skip
        found.rates.append(Rate(
            method=name, participants=len(group), fooled=sum(one.fooled for one in group),
            trials=sum(one.trials for one in group), interval=percentile_interval(samples[name]),
            p_value=sign_flip_p_value(_rates(group)),
            seconds=None, seconds_right=None, seconds_fooled=None,
        ))  # fmt: skip
    by_name = {rate.method: rate.rate for rate in found.rates}
    for first, second in combinations(groups, 2):
        found.contrasts.append(Contrast(
            methods=(first, second), difference=by_name[first] - by_name[second],
            interval=percentile_interval(samples[first] - samples[second]),
            above=share_above(samples[first], samples[second]),
            p_value=permutation_p_value(_rates(groups[first]), _rates(groups[second])),
        ))  # fmt: skip


def _rates(group: Sequence[Person]) -> Floats:
    return np.array([one.rate for one in group])


def _add_times(found: Findings, scored: Answers, method_of: dict[int, str]) -> None:
    for place, rate in enumerate(found.rates):
        own = [one for one in scored if method_of[one["participant"]] == rate.method]
        right = _seconds(one for one in own if _right(one))
        fooled = _seconds(one for one in own if not _right(one))
        found.times[rate.method] = {"right": right, "fooled": fooled}
        if right or fooled:
            low, middle, high = np.quantile([*right, *fooled], [0.25, 0.5, 0.75]).tolist()
            found.rates[place] = replace(
                rate, seconds=(low, middle, high),
                seconds_right=median(right) if right else None,
                seconds_fooled=median(fooled) if fooled else None,
            )  # fmt: skip


def _add_pictures(found: Findings, scored: Answers, design: Design) -> None:
    shown: dict[str, list[bool]] = defaultdict(list)
    for trial in scored:
        shown[trial["fake"]].append(not _right(trial))
    for method, entries in design.fakes.items():
        for entry in entries:
            if entry.file in shown:
                fooled = shown[entry.file]
                found.pictures.append(
                    Convincing(method, entry.key, entry.file, sum(fooled), len(fooled))
                )
    # A picture that fooled 9 of 10 says more than one that fooled 1 of 1.
    found.pictures.sort(key=lambda one: -wilson_interval(one.fooled, one.shown)[0])


def _notes(found: Findings, by_person: dict[int, Answers], design: Design) -> list[str]:
    notes = []
    left_out = [one for one in found.people if not one.counted]
    stopped = sum(not one.finished for one in left_out)
    if stopped:
        notes.append(f"{stopped} who did not finish are left out")
    if len(left_out) > stopped:
        notes.append(f"{len(left_out) - stopped} who missed obvious fakes are left out")
    for rate in found.rates:
        if rate.participants < FEW:
            notes.append(
                f"'{rate.method}' was seen by {rate.participants}: the interval says little of"
                " other people, and the test against 50 % cannot give less than"
                f" p = {2 / 2**rate.participants:.2g}"
            )
        if rate.method == CONTROL and CONTROL not in design.fakes and not _holds(rate.interval):
            notes.append(
                "the control is not at 50 %: real pictures were told from real ones, so something"
                " other than the pictures gives answers away, or this is the 1 study in 20"
            )
    notes += _notes_on_showing(found, by_person, design)
    return notes


def _holds(interval: tuple[float, float]) -> bool:
    return interval[0] <= 0.5 <= interval[1]


def _notes_on_showing(found: Findings, by_person: dict[int, Answers], design: Design) -> list[str]:
    notes = []
    counted = [one for one in found.people if one.counted]
    scored = [trial for one in counted for trial in _scored(by_person[one.number])]
    asked = design.protocol.exposure_ms
    off = sum(
        one[side] is not None and abs(one[side] - asked) > OFF
        for one in scored for side in ("left_ms", "right_ms")
    )  # fmt: skip
    if off:
        notes.append(
            f"{off} of {2 * len(scored)} exposures were more than {OFF:.0f} ms off {asked} ms"
        )
    small = sum(one.picture is not None and one.picture < 0.95 * design.size for one in counted)
    if small:
        notes.append(f"{small} saw the pictures smaller than {design.size} px")
    interrupted = sum(one.interrupted for one in counted)
    if interrupted:
        notes.append(f"{interrupted} interrupted trials do not count; spare ones took their place")
    return notes
