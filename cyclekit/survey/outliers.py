"""Pictures that are unlike the others of their pile, or more like those of another domain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations

import torch
from torch import Tensor

from cyclekit.metrics.neighbours import distance_blocks, neighbour_radius
from cyclekit.survey.piles import Pile
from cyclekit.survey.seen import Seen

NEIGHBOURS = 5
"""A picture is as lonely as its distance to so many others of its pile says."""
FEWEST = 20
"""Pictures of a pile from which on outliers mean something."""
FAR = 3.0
"""Quartile ranges above the upper quartile: Tukey's "far out"."""
STRANGE = 1.25
"""How much nearer another domain must be for a picture to look as if it belonged there."""


@dataclass(frozen=True)
class Features:
    """Descriptions of pictures."""

    name: str
    """Who describes: "MobileNetV2", "colour histogram"."""
    rows: Sequence[tuple[Seen, Tensor]]
    """Pictures, each with its description (D,)."""


@dataclass(frozen=True)
class Outlier:
    """A picture that may not belong."""

    picture: Seen
    """Which."""
    distance: float
    """To its neighbours, over the usual distance in its pile; or over that to another domain."""
    like: str = ""
    """The domain that it looks like; empty where it is merely unlike its own."""


def colour_features(pictures: Sequence[Seen]) -> Features:
    """Describe pictures by their colours, for want of a network."""
    rows = [
        (one, torch.frombuffer(bytearray(one.look.histogram), dtype=torch.float16).float())
        for one in pictures
    ]
    return Features("colour histogram", rows)


def find_outliers(features: Features, piles: Sequence[Pile]) -> list[Outlier]:
    """Find pictures that are far out, the farthest first, then those that look like strangers.

    Args:
        features: of all pictures.
        piles: theirs.
    """
    by_pile = [
        [row for row in features.rows if row[0].pile == index] for index in range(len(piles))
    ]
    lonely = [one for rows in by_pile if len(rows) >= FEWEST for one in _far_out(rows)]
    lonely.sort(key=lambda one: -one.distance)
    return lonely + _strangers(features, piles)


def _far_out(rows: Sequence[tuple[Seen, Tensor]]) -> list[Outlier]:
    radius = neighbour_radius(torch.stack([row for _, row in rows]), NEIGHBOURS)
    low, middle, high = torch.quantile(radius, radius.new_tensor([0.25, 0.5, 0.75])).tolist()
    bound = high + FAR * (high - low)
    return [
        Outlier(picture, value / max(middle, 1e-12))
        for (picture, _), value in zip(rows, radius.tolist(), strict=True)
        if value > bound
    ]


def _strangers(features: Features, piles: Sequence[Pile]) -> list[Outlier]:
    """Find pictures that lie nearer to another domain than to their own, counts being equal."""
    domains = list(dict.fromkeys(pile.domain for pile in piles))
    by_domain = {
        domain: [row for row in features.rows if piles[row[0].pile].domain == domain]
        for domain in domains
    }
    found: dict[int, Outlier] = {}
    for own, other in permutations(domains, 2):
        count = min(len(by_domain[own]), len(by_domain[other]))
        if count < FEWEST:
            continue
        for one in _nearer(by_domain[own], by_domain[other], count, other):
            known = found.get(id(one.picture))
            if known is None or one.distance > known.distance:
                found[id(one.picture)] = one
    return sorted(found.values(), key=lambda one: -one.distance)


def _nearer(
    own: Sequence[tuple[Seen, Tensor]], other: Sequence[tuple[Seen, Tensor]], count: int, name: str
) -> list[Outlier]:
    draws = torch.Generator().manual_seed(0)
    x, y = (torch.stack([row for _, row in rows]) for rows in (own, other))
    # One more of its own: each of those drawn is its own nearest neighbour.
    mine = x[torch.randperm(len(x), generator=draws)[: count + 1]]
    theirs = y[torch.randperm(len(y), generator=draws)[:count]]
    inside, outside = _radius(x, mine, skip_self=True), _radius(x, theirs, skip_self=False)
    ratio = (inside / outside.clamp(min=1e-12)).tolist()
    return [
        Outlier(picture, value, name)
        for (picture, _), value in zip(own, ratio, strict=True)
        if value > STRANGE
    ]


def _radius(x: Tensor, y: Tensor, *, skip_self: bool) -> Tensor:
    """Return the distance of each row of x to its nearest rows of y, itself left out."""
    radii = []
    for rows in x.split(1024):
        distances = torch.cat([block for _, block in distance_blocks(rows, y)], 1)
        if skip_self:
            distances[distances < 1e-6] = torch.inf
        radii.append(distances.topk(NEIGHBOURS, dim=1, largest=False).values[:, -1])
    return torch.cat(radii)
