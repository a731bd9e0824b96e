"""Stop before a run goes bad for good."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import nn

from cyclekit.errors import TrainingError


class UnsoundError(TrainingError):
    """A loss or a weight that no run recovers from; it may go back to where it was sound."""


def require_healthy(losses: Mapping[str, float], limit: float, images: int) -> None:
    """Refuse losses that are not numbers or beyond all bounds.

    Args:
        losses: weighted losses by name.
        limit: the largest absolute value that a healthy run can have.
        images: pictures seen so far, for the message.

    Raises:
        UnsoundError: naming the loss, its value and what to try.
    """
    for name, value in losses.items():
        if not math.isfinite(value):
            raise UnsoundError(
                f"loss '{name}' is {value} after {images} images; the last good model is kept, if any; "
                "try a lower optimizer.rate or train.precision=fp32"
            )
        if abs(value) > limit:
            raise UnsoundError(
                f"loss '{name}' is {value:.3g} after {images} images, over train.loss_limit="
                f"{limit:g}; the last good model is kept, if any; try a lower optimizer.rate"
            )


WEIGHT_LIMIT = 1e4
"""No weight of a working network comes near; first weights are about 0.02."""


@torch.no_grad()
def require_sound_weights(network: nn.Module, images: int) -> None:
    """Refuse weights that no picture can come out of, before they replace a good model.

    Args:
        network: all that is trained.
        images: pictures seen so far, for the message.

    Raises:
        UnsoundError: naming the weight and what to try.
    """
    for name, weight in network.named_parameters():
        largest = float(weight.abs().max())  # NaN stays NaN
        if not largest < WEIGHT_LIMIT:
            raise UnsoundError(
                f"weight '{name}' reached {largest:.3g} after {images} images; it is not saved, "
                "an older model is kept if there is one; try a lower optimizer.rate"
            )
