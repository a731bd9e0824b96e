"""From contenders to rows: timed, with what each costs and what the machine can do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import torch

from cyclekit.bench.contenders import Contender
from cyclekit.bench.result import Measured, Row, make_row
from cyclekit.bench.rounds import measure
from cyclekit.devices import find_device, use_own_cores
from cyclekit.hub.card import Cost, cost_of
from cyclekit.hub.open import open_generator
from cyclekit.inference.precision import DTYPES
from cyclekit.training.profile import measure_peak


def compare(
    contenders: Sequence[Contender], *, size: tuple[int, int], rounds: int, folder: Path,
    note: Callable[[str], object],
) -> list[Row]:  # fmt: skip
    """Measure contenders.

    Args:
        contenders: what to compare, each model's reference first.
        size: width and height of the picture.
        rounds: how often each runs.
        folder: for results.
        note: hears of contenders that fail.

    Raises:
        CyclekitError: if none runs.
    """
    width, height = size
    use_own_cores()
    peaks = _peaks(contenders)
    measured = measure(
        contenders, width=width, height=height, rounds=rounds, folder=folder, note=note
    )
    for key, value in _peaks([one.contender for one in measured]).items():
        peaks[key] = max(peaks[key], value)  # before and after: a quiet moment counts
    firsts: dict[str, Measured] = {}
    costs: dict[str, Cost] = {}
    rows = []
    for one in measured:
        contender = one.contender
        first = firsts.setdefault(contender.model, one)
        if contender.model not in costs:
            opened = open_generator(contender.model, contender.direction)
            costs[contender.model] = cost_of(opened, width, height)
        cost = costs[contender.model]
        peak = peaks.get((contender.device, contender.precision))
        rows.append(make_row(one, first, parameters=cost.parameters, macs=cost.macs, peak=peak))
    return rows


def _peaks(contenders: Sequence[Contender]) -> dict[tuple[str, str], float]:
    """Measure what a product of matrices reaches, in each format that something computes in."""
    kinds = {(one.device, one.precision) for one in contenders if one.precision in DTYPES}
    with torch.inference_mode():
        return {
            (device, precision): measure_peak(DTYPES[precision], find_device(device))
            for device, precision in sorted(kinds)
        }
