"""Prints a survey: words where people look, JSON lines where programs do."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import TYPE_CHECKING, Any

import click

from cyclekit.cli.lines import json_line, one_line

if TYPE_CHECKING:
    from cyclekit.survey.advice import Advice
    from cyclekit.survey.clean import Copied
    from cyclekit.survey.duplicates import Group
    from cyclekit.survey.outliers import Outlier
    from cyclekit.survey.page import Extra
    from cyclekit.survey.survey import Survey
    from cyclekit.training.plan import Plan

SHOWN = 5
"""Files of each kind that are named; --json names all."""


def print_survey(found: Survey, extra: Extra, *, as_json: bool) -> None:
    """Print all of it."""
    if as_json:
        for line in _facts(found, extra):
            click.echo(json_line(line))
        return
    for text in chain(_piles(found), _problems(found), _copies(found), _outliers(extra)):
        click.echo(one_line(text))
    for text in _advice(extra):
        click.echo(text)


def print_copy(copied: Copied) -> None:
    """Print what became of a file, as JSON."""
    output = None if copied.output is None else str(copied.output)
    click.echo(json_line({
        "kind": "copy", "input": str(copied.input), "output": output,
        "left_out": copied.reason, "error": copied.error,
    }))  # fmt: skip


def _piles(found: Survey) -> Iterator[str]:
    for index, (pile, tally) in enumerate(zip(found.piles, found.tallies, strict=True)):
        others = f", {tally.others} other files" if tally.others else ""
        yield f"{pile.name}: {tally.pictures} pictures{others}, {tally.size / 1e6:.1f} MB"
        if not tally.widths:
            continue
        sides, aspects = tally.spread(tally.short_sides), tally.spread(tally.aspects)
        yield f"  formats: {_counts(tally.formats)}; {_counts(tally.colours)}; bits: {_counts(tally.bits)}"
        yield (
            f"  short side {sides['p10']:.0f} to {sides['p90']:.0f} px (all {sides['p0']:.0f} to "
            f"{sides['p100']:.0f}); width / height {aspects['p10']:.2f} to {aspects['p90']:.2f}"
        )
        colours = found.colours(index)
        if colours:
            told = ("brightness", "contrast", "saturation")
            words = (f"{name} {colours[name][0]:.0f} ± {colours[name][1]:.0f}" for name in told)
            yield f"  {', '.join(words)} of 255 levels"


def _counts(counted: Any) -> str:
    return ", ".join(f"{name} {count}" for name, count in counted.most_common())


def _problems(found: Survey) -> Iterator[str]:
    from cyclekit.survey.problems import KINDS

    for kind, problems in found.by_kind().items():
        known = KINDS[kind]
        yield f"{known.weight}: {len(problems)} {known.title} ({known.meaning})"
        for one in problems[:SHOWN]:
            yield f"  {one.path}" + (f": {one.detail}" if one.detail else "")
        if len(problems) > SHOWN:
            yield f"  and {len(problems) - SHOWN} more"


def _copies(found: Survey) -> Iterator[str]:
    if not found.whole:
        return
    kinds = {
        "train and test": "error: copies leak from training to test, groups: {}",
        "domains": "warning: copies are in two domains, groups: {}",
        "": "note: copies in one pile, groups: {}",
    }
    for leak, words in kinds.items():
        groups = [group for group in found.groups if group.leak == leak]
        if not groups:
            continue
        yield words.format(len(groups))
        for group in groups[:SHOWN]:
            yield f"  {_members(group)}"
        if len(groups) > SHOWN:
            yield f"  and {len(groups) - SHOWN} more"


def _members(group: Group) -> str:
    names = [str(one.path) for one in group.members[:SHOWN]]
    more = len(group.members) - len(names)
    return (
        ("equal: " if group.exact else "alike: ")
        + ", ".join(names)
        + (f" and {more} more" if more else "")
    )


def _outliers(extra: Extra) -> Iterator[str]:
    if not extra.outliers:
        return
    yield f"warning: {len(extra.outliers)} pictures may not belong (by {extra.features})"
    for one in extra.outliers[:SHOWN]:
        yield f"  {one.picture.path}: " + (
            f"looks like '{one.like}' ({one.distance:.2f} times nearer)"
            if one.like
            else f"{one.distance:.1f} times as far from others as usual"
        )
    if len(extra.outliers) > SHOWN:
        yield f"  and {len(extra.outliers) - SHOWN} more"


def _advice(extra: Extra) -> Iterator[str]:
    if extra.advice is None:
        return
    yield f"train with: {extra.advice.command}"
    yield from (f"  {reason}" for reason in extra.advice.reasons)
    plan = extra.plan
    if plan is not None:
        step = f"  {plan.seconds:.2f} s a step of {plan.batch} here (two steps measured)"
        hours = None if plan.total_seconds is None else plan.total_seconds / 3600
        yield (
            step if hours is None else f"{step}: about {hours:.1f} hours for {plan.images} pictures"
        )


def _facts(found: Survey, extra: Extra) -> Iterator[dict[str, Any]]:
    """Every finding, ready for JSON."""
    yield from found.pile_lines()
    for one in found.problems:
        place = found.piles[one.pile].name
        yield {"kind": "problem", "problem": one.kind, "file": str(one.path), "pile": place,
               "detail": one.detail}  # fmt: skip
    for group in found.groups:
        files = [str(member.path) for member in group.members]
        yield {"kind": "copies", "exact": group.exact, "leak": group.leak or None, "files": files}
    yield from (_outlier(one, extra.features) for one in extra.outliers)
    if extra.advice is not None:
        yield _recommendation(extra.advice, extra.plan)


def _outlier(one: Outlier, features: str) -> dict[str, Any]:
    return {
        "kind": "outlier", "file": str(one.picture.path), "distance": round(one.distance, 3),
        "like": one.like or None, "features": features,
    }  # fmt: skip


def _recommendation(advice: Advice, plan: Plan | None) -> dict[str, Any]:
    line: dict[str, Any] = {
        "kind": "recommendation", "command": advice.command, "preset": advice.preset,
        "settings": dict(advice.settings), "reasons": list(advice.reasons),
    }  # fmt: skip
    if plan is not None:
        line |= {
            "seconds_per_step": round(plan.seconds, 4), "batch": plan.batch,
            "pictures": plan.images,
        }  # fmt: skip
        if plan.total_seconds is not None:
            line["hours"] = round(plan.total_seconds / 3600, 2)
    return line
