"""Stop before a run goes bad for good."""

from __future__ import annotations

import math
from collections.abc import Mapping

from cyclekit.errors import TrainingError


def require_healthy(losses: Mapping[str, float], limit: float, images: int) -> None:
    """Refuse losses that are not numbers or beyond all bounds.

    Args:
        losses: weighted losses by name.
        limit: the largest absolute value that a healthy run can have.
        images: pictures seen so far, for the message.

    Raises:
        TrainingError: naming the loss, its value and what to try.
    """
    for name, value in losses.items():
        if not math.isfinite(value):
            raise TrainingError(
                f"loss '{name}' is {value} after {images} images; the last good model is kept; "
                "try a lower optimizer.rate or train.precision=fp32"
            )
        if abs(value) > limit:
            raise TrainingError(
                f"loss '{name}' is {value:.3g} after {images} images, over train.loss_limit="
                f"{limit:g}; the last good model is kept; try a lower optimizer.rate"
            )
