"""Everything that one feature network says about a task."""

from __future__ import annotations

import torch
from torch import Tensor

from cyclekit.errors import DataError
from cyclekit.evaluation.cache import FeatureCache
from cyclekit.evaluation.comparison import compare_outputs, compare_values
from cyclekit.evaluation.copying import score_copying
from cyclekit.evaluation.describe import Described, Describer, Kind
from cyclekit.evaluation.floor import measure_floor
from cyclekit.evaluation.likeness import Likeness, score_likeness
from cyclekit.evaluation.pile import Pile, common_keys
from cyclekit.evaluation.results import Evaluation
from cyclekit.evaluation.sets import score_sets
from cyclekit.evaluation.task import Candidate, Task, Tools
from cyclekit.metrics.coverage import NEIGHBOURS, realism
from cyclekit.metrics.neighbours import nearest
from cyclekit.metrics.structure import structure_distance
from cyclekit.models.features.extractor import Extractor

HUNDREDTHS = 100
"""The structure distance is shown times this."""
SHOWN = 300
"""Points of a projection, for each pile."""


def measure_by_network(task: Task, tools: Tools, extractor: Extractor, found: Evaluation) -> None:
    """Describe all piles by a network and add what follows.

    Raises:
        DataError: if fewer than two pictures of a pile can be read.
    """
    cache = FeatureCache(tools.cache, extractor.identity)
    try:
        _Measurement(task, Describer(extractor, tools.device, cache, tools.listener), found).run()
    finally:
        cache.close()


class _Measurement:
    """Features of the piles that all candidates share, and what is found with them."""

    def __init__(self, task: Task, describer: Describer, found: Evaluation) -> None:
        self.task, self.describer, self.found = task, describer, found
        self.extractor = describer.extractor
        self.real = self._pooled(task.real)
        self.train = None if task.train is None else self._pooled(task.train)
        self.kinds: tuple[Kind, ...] = (
            ("pooled",) if task.source is None else ("pooled", "structure")
        )
        self.source: dict[Kind, Described] = {}
        if task.source is not None:
            self.source = describer.describe(task.source, self.kinds)
        self.outputs: dict[str, Described] = {}
        self.is_first = not found.projection
        if self.train is not None and task.train is not None:
            self._tell_shared(self.real, task.real, self.train, task.train)

    def run(self) -> None:
        for candidate in self.task.candidates:
            described = self.describer.describe(candidate.output, self.kinds)
            _require_two(described["pooled"], candidate.output)
            self._tell_shared(described["pooled"], candidate.output, self.real, self.task.real)
            self.outputs[candidate.name] = described["pooled"]
            self._score(candidate, described["pooled"])
            if self.source:
                self._score_structure(candidate, described["structure"])
            self._look_at_pictures(candidate, described["pooled"])
        self.found.differences += compare_outputs(self.extractor, self.real.rows, self.outputs)
        what = self._structure_key
        values = self.found.pictures.get(what, {})
        self.found.differences += compare_values(what, self._structure.name, values)
        if self.is_first:
            self._project()

    @property
    def _structure_key(self) -> str:
        return f"structure:{self.extractor.name}"

    @property
    def _structure(self) -> Likeness:
        return Likeness(f"structure distance-{self.extractor.title} ×{HUNDREDTHS}", "lower")

    def _pooled(self, pile: Pile) -> Described:
        described = self.describer.describe(pile)["pooled"]
        _require_two(described, pile)
        return described

    def _score(self, candidate: Candidate, fake: Described) -> None:
        jpeg = self.describer.describe(candidate.output, jpeg=True)["pooled"]
        others = None if self.train is None else self.train.rows
        nothing = self.source["pooled"].rows if self.source else None
        self.found.scores += score_sets(
            self.extractor, candidate.name, self.task.split, self.real.rows, fake.rows,
            floor=measure_floor(self.real.rows, fake.rows, others), nothing=nothing, jpeg=jpeg.rows,
        )  # fmt: skip

    def _score_structure(self, candidate: Candidate, fake: Described) -> None:
        source = self.source["structure"]
        keys = common_keys(fake.keys, source.keys)
        if not keys:
            return  # said where edges are compared
        distances = [
            float(structure_distance(source.of([key]), fake.of([key]))) * HUNDREDTHS for key in keys
        ]
        values = {self._structure_key: dict(zip(keys, distances, strict=True))}
        self.found.add_values(candidate.name, values)
        how = f"{self.extractor.network.resize}, {len(keys)} inputs, {self.task.split}"
        known = {self._structure_key: self._structure}
        self.found.scores += score_likeness(candidate.name, how, known, values)

    def _look_at_pictures(self, candidate: Candidate, fake: Described) -> None:
        """Find the least and most real pictures, and those nearest to training pictures."""
        if len(self.real) > NEIGHBOURS:
            scores = realism(self.real.rows, fake.rows).tolist()
            values = {f"realism:{self.extractor.name}": dict(zip(fake.keys, scores, strict=True))}
            self.found.add_values(candidate.name, values)
        if self.train is None:
            return
        score, ratio, index = score_copying(
            self.extractor, candidate.name, self.task.split, self.real.rows, fake.rows,
            self.train.rows,
        )  # fmt: skip
        self.found.scores.append(score)
        if not self.is_first:
            return
        nearest_keys = [self.train.keys[row] for row in index.tolist()]
        pairs = zip(nearest_keys, ratio.tolist(), strict=True)
        self.found.copies[candidate.name] = dict(zip(fake.keys, pairs, strict=True))
        self.found.distances[candidate.name] = ratio.tolist()
        own = nearest(self.real.rows, self.train.rows)[0]
        self.found.distances["real"] = (own / own.median().clamp(min=1e-12)).tolist()

    def _tell_shared(self, rows: Described, pile: Pile, others: Described, other: Pile) -> None:
        """Say so where pictures stand on both sides: scores are better then than they should be."""
        known = set(others.digests)
        shared = sum(digest in known for digest in rows.digests)
        if shared and self.is_first:
            self.found.notes.append(
                f"{shared} of {len(rows)} pictures of {pile.name} are, byte by byte, in "
                f"{other.name} too: scores that compare the two mean little"
            )

    def _project(self) -> None:
        """Draw features on the two axes along which real pictures differ most."""
        piles = {"real": self.real.rows}
        if self.source:
            piles["input"] = self.source["pooled"].rows
        piles |= {name: described.rows for name, described in self.outputs.items()}
        centre, axes = _plane(self.real.rows[:SHOWN])
        for name, rows in piles.items():
            places = (rows[:SHOWN].double() - centre) @ axes
            self.found.projection[name] = [(float(x), float(y)) for x, y in places.tolist()]


def _plane(rows: Tensor) -> tuple[Tensor, Tensor]:
    """Return the mean (D,) and the first two principal axes (D, 2), float64."""
    rows = rows.double()
    centre = rows.mean(0)
    _, _, axes = torch.linalg.svd(rows - centre, full_matrices=False)
    return centre, axes[:2].T


def _require_two(described: Described, pile: Pile) -> None:
    if len(described) < 2:
        raise DataError(
            f"{pile.name}: {len(described)} of {len(pile)} pictures can be read, needs at least 2"
        )
