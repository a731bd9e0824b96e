"""Describes pictures by a feature network, as `cyclekit evaluate` does: both share what is kept."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import torch

from cyclekit.data.source import Source
from cyclekit.evaluation.cache import FeatureCache
from cyclekit.evaluation.describe import Describer
from cyclekit.evaluation.listener import Listener
from cyclekit.evaluation.pile import Pile as KeyedPile
from cyclekit.models.features.extractor import Extractor
from cyclekit.survey.outliers import Features
from cyclekit.survey.piles import Pile
from cyclekit.survey.seen import Seen

LIMIT = 2000
"""Pictures of a pile that are described; of more, this many are drawn."""


def network_features(
    pictures: Sequence[Seen], piles: Sequence[Pile], extractor: Extractor,
    device: torch.device, cache: Path | None, listener: Listener,
) -> Features:  # fmt: skip
    """Describe pictures.

    Args:
        pictures: of all piles.
        piles: theirs.
        extractor: the network.
        device: where it runs.
        cache: the user's cache folder; None keeps nothing.
        listener: hears of progress.
    """
    kept = FeatureCache(cache, extractor.identity)
    describer = Describer(extractor, device, kept, listener)
    rows = []
    try:
        for index, pile in enumerate(piles):
            drawn = _drawn([one for one in pictures if one.pile == index])
            by_key = {str(number): one for number, one in enumerate(drawn)}
            sources = {key: Source(one.path) for key, one in by_key.items()}
            described = describer.describe(KeyedPile(pile.name, sources))["pooled"]
            rows += [
                (by_key[key], row)
                for key, row in zip(described.keys, described.rows.unbind(), strict=True)
            ]
    finally:
        kept.close()
    return Features(extractor.title, rows)


def _drawn(pictures: list[Seen]) -> list[Seen]:
    if len(pictures) <= LIMIT:
        return pictures
    chosen = sorted(random.Random(0).sample(range(len(pictures)), LIMIT))
    return [pictures[index] for index in chosen]
