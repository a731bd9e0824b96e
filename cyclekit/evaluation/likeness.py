"""Scores of pairs of pictures: fake and target, source and fake, source and its way back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cyclekit.data.source import Source
from cyclekit.data.sources import read_source
from cyclekit.errors import MediaError
from cyclekit.evaluation.ahead import ahead
from cyclekit.evaluation.listener import Listener
from cyclekit.evaluation.pile import Pile, common_keys
from cyclekit.evaluation.results import Better, Score
from cyclekit.media.resample import pil_bicubic
from cyclekit.metrics.estimate import mean_estimate
from cyclekit.metrics.paired import accuracy, psnr, rmse, ssim
from cyclekit.metrics.structure import edge_ssim
from cyclekit.models.features import Lpips

Values = dict[str, dict[str, float]]
"""What is measured -> picture's key -> value."""


@dataclass(frozen=True)
class Likeness:
    """How one thing is measured on two pictures."""

    name: str
    """For people."""
    better: Better


TARGET = {
    "rmse": Likeness("RMSE, levels", "lower"),
    "psnr": Likeness("PSNR, dB", "higher"),
    "ssim": Likeness("SSIM, RGB", "higher"),
    "within5": Likeness("pixels less than 5 levels off", "higher"),
    "within10": Likeness("pixels less than 10 levels off", "higher"),
    "lpips": Likeness(f"{Lpips.title}", "lower"),
}
SOURCE = {"edges": Likeness("edge SSIM with the input", "higher")}
CYCLE = {"cycle": Likeness("cycle PSNR, dB", "higher")}
LPIPS_SIDE = 16
"""Least side of a picture that VGG's four poolings leave something of."""


def compare_with_target(
    target: Pile, output: Pile, listener: Listener, lpips: Lpips | None = None
) -> Values:
    """Measure how far outputs are from the pictures that they should be, by key."""

    def measured(x: Tensor, y: Tensor) -> dict[str, Tensor]:
        found = {
            "rmse": rmse(x, y), "psnr": psnr(x, y), "ssim": ssim(x, y),
            "within5": accuracy(x, y, 5), "within10": accuracy(x, y, 10),
        }  # fmt: skip
        if lpips is not None and min(x.shape[2:]) >= LPIPS_SIDE:
            device = next(lpips.parameters()).device
            with torch.inference_mode():
                found["lpips"] = lpips(x.to(device), y.to(device))
        return found

    return _collect(
        (key, {name: float(value) for name, value in measured(x, y).items()})
        for key, x, y in _pairs(target, output, f"{output.name} and targets", listener)
    )


def compare_with_source(source: Pile, output: Pile, listener: Listener) -> Values:
    """Measure whether the edges of the inputs are still there, by key."""
    return _collect(
        (key, {"edges": float(edge_ssim(x, y))})
        for key, x, y in _pairs(source, output, f"{output.name} and inputs", listener)
    )


def compare_cycle(source: Pile, back: Pile, listener: Listener) -> Values:
    """Measure how well inputs come back, by key."""
    return _collect(
        (key, {"cycle": float(psnr(x, y))})
        for key, x, y in _pairs(source, back, f"{back.name} and inputs", listener)
    )


def score_likeness(
    model: str, how: str, known: dict[str, Likeness], values: Values, nothing: Values | None = None
) -> list[Score]:
    """Average what was measured per picture.

    Args:
        model: the model's name.
        how: which pairs these are, in words: "100 pairs by name, test split".
        known: names of what is measured.
        values: of the model's pictures.
        nothing: of the inputs as they are; None where that means nothing.
    """
    scores = []
    for key, likeness in known.items():
        if not values.get(key):
            continue
        mean = mean_estimate(torch.tensor(list(values[key].values()), dtype=torch.float64))
        idle = (nothing or {}).get(key)
        baseline = float(np.mean(list(idle.values()))) if idle else None
        name = f"{likeness.name} ({how})"
        scores.append(
            Score(key, name, model, mean.value, mean.error, likeness.better, nothing=baseline)
        )
    return scores


def _pairs(
    first: Pile, second: Pile, what: str, listener: Listener
) -> Iterator[tuple[str, Tensor, Tensor]]:
    """Yield (key, picture of the first, of the second), levels (1, 3, H, W) of one size.

    Where sizes differ, the first is resized to the second's.
    """
    keys = common_keys(first.sources, second.sources)

    def load(key: str) -> tuple[str, NDArray[np.float32] | None, NDArray[np.float32] | None, str]:
        try:
            y = read_source(second.sources[key])
            x = _sized(first.sources[key], *y.shape[1::-1])
        except MediaError as error:
            return key, None, None, str(error)
        return key, x, y.astype(np.float32), ""

    for key, x, y, error in listener.watch(ahead(load, keys), what, len(keys)):
        if x is None or y is None:
            listener.failed(error)
        else:
            yield key, _batch(x), _batch(y)


def _sized(source: Source, width: int, height: int) -> NDArray[np.float32]:
    return pil_bicubic(read_source(source), width, height)


def _batch(levels: NDArray[np.float32]) -> Tensor:
    return torch.from_numpy(levels).permute(2, 0, 1)[None]


def _collect(rows: Iterator[tuple[str, dict[str, float]]]) -> Values:
    found: Values = {}
    for key, values in rows:
        for name, value in values.items():
            found.setdefault(name, {})[key] = value
    return found
