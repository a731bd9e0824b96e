"""From piles of pictures to everything that can be said about them."""

from __future__ import annotations

import random
from dataclasses import replace

from cyclekit.errors import DataError
from cyclekit.evaluation.by_network import measure_by_network
from cyclekit.evaluation.comparison import compare_values, gather_seeds
from cyclekit.evaluation.likeness import (
    CYCLE,
    SOURCE,
    TARGET,
    Values,
    compare_cycle,
    compare_with_source,
    compare_with_target,
    score_likeness,
)
from cyclekit.evaluation.pairing import DOUBTFUL, chance_of_pairs, find_pairs
from cyclekit.evaluation.pile import Pile, common_keys
from cyclekit.evaluation.protocol import describe_networks, describe_pile, version, warnings
from cyclekit.evaluation.results import Evaluation
from cyclekit.evaluation.task import Candidate, Task, Tools

TRAIN_LIMIT = 2000
"""Training pictures that are looked at; of more, this many are drawn."""


def evaluate(task: Task, tools: Tools) -> Evaluation:
    """Measure everything that pictures, networks, pairs and inputs allow.

    Raises:
        DataError: if fewer than two pictures of a pile can be read, or nothing can be measured.
    """
    found = Evaluation(notes=warnings(task.real, [c.output for c in task.candidates]))
    task = replace(task, train=_drawn(task.train, found.notes))
    for extractor in tools.extractors:
        measure_by_network(task, tools, extractor, found)
    _measure_pairs(task, tools, found)
    _measure_with_source(task, tools, found)
    if not found.scores:
        raise DataError(
            "nothing to measure: expected a feature network, or pictures that pair up by name"
        )
    found.repeated = gather_seeds(found.scores, {c.name: c.recipe for c in task.candidates})
    found.protocol = _protocol(task, tools)
    found.group()
    return found


def _drawn(train: Pile | None, notes: list[str]) -> Pile | None:
    if train is None or len(train) <= TRAIN_LIMIT:
        return train
    keys = random.Random(0).sample(list(train.sources), TRAIN_LIMIT)
    notes.append(f"of {len(train)} training pictures {TRAIN_LIMIT} are looked at, drawn at random")
    return Pile(train.name, {key: train.sources[key] for key in keys})


def _measure_pairs(task: Task, tools: Tools, found: Evaluation) -> None:
    """Compare outputs with the pictures that they should be."""
    nothing: Values | None = None
    for candidate in task.candidates:
        keys = find_pairs(task.real, candidate.output, task.pairs)
        if not keys:
            continue
        target = Pile(task.real.name, {key: task.real.sources[key] for key in keys})
        if nothing is None:
            _doubt(task, candidate, target, found.notes)
            nothing = _do_nothing(task, target, tools)
        values = compare_with_target(target, candidate.output, tools.listener, tools.lpips)
        found.add_values(candidate.name, values)
        how = f"{_count(values)} pairs of equal names, {task.split}"
        found.scores += score_likeness(candidate.name, how, TARGET, values, nothing)
    for key, likeness in TARGET.items():
        found.differences += compare_values(key, likeness.name, found.pictures.get(key, {}))


def _doubt(task: Task, candidate: Candidate, target: Pile, notes: list[str]) -> None:
    """Say so where pictures of one name resemble each other no more than any do."""
    other = task.source if task.source is not None else candidate.output
    chance = chance_of_pairs(target, other)
    if chance is not None and chance > DOUBTFUL:
        notes.append(
            f"{other.name} and {target.name} share names, but their edges match no better than "
            f"those of shuffled pictures (p = {chance:.2f}): are these pairs? --pairs none leaves "
            "their scores out"
        )


def _do_nothing(task: Task, target: Pile, tools: Tools) -> Values | None:
    if task.source is None or not common_keys(target.sources, task.source.sources):
        return None
    return compare_with_target(target, task.source, tools.listener, tools.lpips)


def _measure_with_source(task: Task, tools: Tools, found: Evaluation) -> None:
    """Compare outputs, and what came back of them, with the inputs."""
    if task.source is None:
        return
    for candidate in task.candidates:
        if not common_keys(candidate.output.sources, task.source.sources):
            found.notes.append(
                f"no picture of {task.source.name} has the name of one of {candidate.output.name}: "
                "what an input became cannot be told"
            )
            continue
        values = compare_with_source(task.source, candidate.output, tools.listener)
        found.add_values(candidate.name, values)
        how = f"{_count(values)} inputs, {task.split}"
        found.scores += score_likeness(candidate.name, how, SOURCE, values)
        if candidate.back is not None:
            values = compare_cycle(task.source, candidate.back, tools.listener)
            found.add_values(candidate.name, values)
            found.scores += score_likeness(candidate.name, how, CYCLE, values)
    for key, likeness in (SOURCE | CYCLE).items():
        found.differences += compare_values(key, likeness.name, found.pictures.get(key, {}))


def _count(values: Values) -> int:
    return max((len(by_key) for by_key in values.values()), default=0)


def _protocol(task: Task, tools: Tools) -> dict[str, object]:
    piles = {"real": task.real, "source": task.source, "train": task.train}
    return {
        "version": version(),
        "split": task.split,
        "networks": describe_networks(tools.extractors),
        **{name: describe_pile(pile) for name, pile in piles.items() if pile is not None},
        "models": {c.name: describe_pile(c.output) for c in task.candidates},
    }
