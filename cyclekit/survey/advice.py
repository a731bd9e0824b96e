"""How to train on what was found: preset, crop, augmentation, each with its reason."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cyclekit.config.resolve import read_preset, resolve
from cyclekit.config.schema import Config
from cyclekit.survey.piles import Pile
from cyclekit.survey.tally import Tally

ENLARGED = 1.12
"""Short side before the crop over the crop: what the paper's 286 to 256 leaves to chance."""
STEP = 32
"""Crops are multiples of so many pixels, which every generator takes."""
SMALLEST_CROP = 64
FEW = 200
"""Pictures of a domain below which colours are varied, so that critics do not learn by heart."""
ONE_STYLE = 10
"""Pictures of a domain up to which it is the style of a few paintings."""
UNEVEN = 3.0
"""Counts of domains over each other beyond which the smaller one is said to be small."""
WIDE = 1.6
"""Usual longer side over shorter from which a square crop would miss too much."""
PAIRED = (1.9, 2.1)
"""Width over height of two square pictures side by side."""


@dataclass(frozen=True)
class Advice:
    """What to train with."""

    preset: str
    """Its name."""
    settings: Mapping[str, Any]
    """Settings that differ from it: "data.crop": 192."""
    command: str
    """The command to paste."""
    reasons: tuple[str, ...]
    """Why, a sentence each."""
    config: Config
    """All settings."""


def advise(
    roots: Sequence[Path], piles: Sequence[Pile], tallies: Sequence[Tally], *, gpu: bool
) -> Advice | None:
    """Say how to train; None where there are no pictures to train on.

    Args:
        roots: the folders that were surveyed.
        piles: what they hold.
        tallies: what was counted in each.
        gpu: whether there is one.
    """
    domains: dict[str, list[Tally]] = {}
    for pile, tally in zip(piles, tallies, strict=True):
        if not pile.is_test and tally.pictures:
            domains.setdefault(pile.domain, []).append(tally)
    if not domains:
        return None
    counts = {name: sum(one.pictures for one in ones) for name, ones in domains.items()}
    short = np.concatenate([one.short_sides for ones in domains.values() for one in ones])
    aspects = np.concatenate([one.aspects for ones in domains.values() for one in ones])
    preset, reasons = _preset(counts, aspects, gpu=gpu)
    settings: dict[str, Any] = {}
    if preset in ("cyclegan", "cyclegan-lite"):
        settings |= _crop(preset, short, aspects, reasons)
    settings |= _colours(counts, reasons)
    _balance(counts, reasons)
    command = _command(roots, preset, settings)
    given = [_nested(key, value) for key, value in settings.items()]
    config = resolve([read_preset(preset), *given])
    return Advice(preset, settings, command, tuple(reasons), config)


def _preset(counts: Mapping[str, int], aspects: Any, *, gpu: bool) -> tuple[str, list[str]]:
    machine = "there is a GPU" if gpu else "there is no GPU"
    full = "cyclegan" if gpu else "cyclegan-lite"
    if len(counts) == 1:
        low, high = np.percentile(aspects, [10, 90])
        if PAIRED[0] <= low and high <= PAIRED[1]:
            pairs = "pictures are twice as wide as high: side-by-side pairs, one domain a half"
            return full, [pairs, machine]
        return "gan", ["one folder: more pictures like these are made from noise"]
    if len(counts) > 2:
        return "biggan", [f"{len(counts)} folders, a class each"]
    if min(counts.values()) <= ONE_STYLE:
        name = min(counts, key=lambda domain: counts[domain])
        return "painting", [f"'{name}' is {counts[name]} pictures only: a style, not a domain"]
    return full, [f"two domains, and {machine}"]


def _crop(preset: str, short: Any, aspects: Any, reasons: list[str]) -> dict[str, Any]:
    """Take the preset's crop where nearly all pictures are as large, else the largest that fits."""
    data = resolve([read_preset(preset)]).data
    small, usual = (float(value) for value in np.percentile(short, [10, 50]))
    crop = min(data.crop, max(SMALLEST_CROP, int(small) // STEP * STEP))
    settings: dict[str, Any] = {}
    if crop < data.crop:
        settings |= {"data.crop": crop, "data.load": round(crop * ENLARGED)}
        reasons.append(f"one in ten is smaller than {small + 1:.0f} px: crops of {crop} px")
    else:
        reasons.append(
            f"short sides are {usual:.0f} px as a rule: scaled to {data.load} px, crops of {crop} px"
        )
    long = float(np.median(np.maximum(aspects, 1 / np.maximum(aspects, 1e-9))))
    if long >= WIDE and not PAIRED[0] <= long <= PAIRED[1]:
        settings["data.fit"] = "whole"
        reasons.append(
            f"sides are {long:.1f} to 1 as a rule: edges are drawn out, so that nothing is cut off"
        )
    return settings


def _colours(counts: Mapping[str, int], reasons: list[str]) -> dict[str, Any]:
    fewest = min(counts.values())
    if fewest >= FEW:
        return {}
    reasons.append(
        f"{fewest} pictures are few: colours vary by a tenth (leave it out where colour is all that "
        "tells the domains apart)"
    )
    return {"data.color": 0.1}


def _balance(counts: Mapping[str, int], reasons: list[str]) -> None:
    small = min(counts, key=lambda domain: counts[domain])
    large = max(counts, key=lambda domain: counts[domain])
    if counts[large] > UNEVEN * counts[small]:
        reasons.append(
            f"'{large}' has {counts[large] / counts[small]:.1f} times as many pictures as "
            f"'{small}': each domain gives one a step, so those of '{small}' come back more often"
        )


def _command(roots: Sequence[Path], preset: str, settings: Mapping[str, Any]) -> str:
    words = ["cyclekit", "train", *map(str, roots), "-o", "runs/first", "--preset", preset]
    for key, value in settings.items():
        words += ["--set", f"{key}={value}"]
    return shlex.join(words)


def _nested(key: str, value: Any) -> dict[str, Any]:
    section, name = key.split(".")
    return {section: {name: value}}
