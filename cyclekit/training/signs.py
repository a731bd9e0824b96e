"""Numbers that tell a run that goes wrong from one that goes well; a few milliseconds each."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from cyclekit.losses.adversarial import AdversarialLoss

LEVELS = 127.5
"""Levels of 255 in one unit of [-1, 1]."""
FLAT = 3.0
"""Deviation within a crop, in levels, under which there is nothing to see."""
COARSE = 16
"""Side of the thumbnails on which light, dark and change are compared, px."""


def difference(made: Tensor, source: Tensor) -> float:
    """Return how far outputs are from their inputs, in levels on average; (N, C, H, W) each."""
    return LEVELS * float((made - source).abs().mean())


def variety(made: Tensor, *others: Tensor) -> float | None:
    """Compare how much outputs differ from each other with how much other pictures do.

    Args:
        made: outputs, (N, C, H, W).
        *others: inputs, or real pictures, of the same shape.

    Returns:
        1 for as much as the least varied of the others; None where these are all alike.
    """
    least = min(_spread(pictures) for pictures in others)
    return _spread(made) / least if least * LEVELS > 1 else None


def tone(made: Tensor, source: Tensor) -> float:
    """Correlate brightness before and after, place by place: -1 where light became dark."""
    before, after = (thumbnails(pictures).mean(1).flatten() for pictures in (source, made))
    pair = torch.stack([before - before.mean(), after - after.mean()])
    norms = pair.norm(dim=1).prod()
    return float((pair[0] * pair[1]).sum() / norms) if norms > 1e-6 else 0.0


def grid(pictures: Tensor) -> float:
    """Return how strong the strongest pattern of period 2 or 4 px is, in levels from dip to peak.

    Such a pattern is a peak of the mean spectrum, where real pictures have none: transposed
    convolutions of stride 2 leave it (https://distill.pub/2016/deconv-checkerboard).

    Args:
        pictures: (N, C, H, W); the largest square whose side is a multiple of 4 is looked at.
    """
    side = min(pictures.shape[2:]) // 4 * 4
    if side < 16:
        return 0.0
    window = torch.hann_window(side, device=pictures.device)
    window = window[:, None] * window
    bright = pictures[..., :side, :side].float().mean(1)
    bright = bright - bright.mean((1, 2), keepdim=True)
    power = torch.fft.fft2(bright * window).abs().square().mean(0)
    places = [(row, column) for row in range(4) for column in range(4) if row or column]
    excess = max(_peak(power, row * side // 4, column * side // 4) for row, column in places)
    return LEVELS * 4 * math.sqrt(max(excess, 0.0)) / float(window.sum())


def thumbnails(pictures: Tensor) -> Tensor:
    """Shrink (N, C, H, W) to at most `COARSE` px a side."""
    height, width = (min(side, COARSE) for side in pictures.shape[2:])
    return F.adaptive_avg_pool2d(pictures.float(), (height, width))


def flat(pictures: Tensor) -> Tensor:
    """Say of each stored crop, uint8 (N, ..., H, W), whether there is nothing on it: bool (N,).

    A crop of one pixel is a point, not a picture, and never flat.
    """
    sampled = pictures[..., ::2, ::2].float()
    within = sampled.std((-2, -1), correction=0).flatten(1).amax(1)
    return (within < FLAT) & (pictures.shape[-2:].numel() > 1)


class Sureness:
    """How sure a discriminator is, read from its loss: 0 undecided, 1 never in doubt.

    Args:
        loss: the game; of one that only compares, nothing can be read.
    """

    def __init__(self, loss: AdversarialLoss) -> None:
        logits = torch.linspace(-8, 8, 1601)
        self._known = loss.absolute
        if not self._known:
            return
        zero = torch.zeros(1)
        on_real = torch.stack([loss.discriminator(x, zero) for x in logits.split(1)])
        on_fake = torch.stack([loss.discriminator(zero, x) for x in logits.split(1)])
        base = loss.discriminator(zero, zero)
        self._undecided = float((on_real + on_fake - base).min())
        self._sure = float(on_real.min() + on_fake.min() - base)

    def __call__(self, loss: float) -> float | None:
        """Place the mean loss of a critic between that of the undecided and that of the sure."""
        if not self._known:
            return None
        return (self._undecided - loss) / (self._undecided - self._sure)


def _spread(pictures: Tensor) -> float:
    """Return the mean distance (root mean square) of two of N pictures."""
    flat = pictures.float().flatten(1)
    return float(torch.pdist(flat).mean() / flat.shape[1] ** 0.5)


def _peak(power: Tensor, row: int, column: int) -> float:
    """Return by how much one frequency exceeds three times the mean of those around it."""
    near = range(-3, 4)
    ring = [(y, x) for y in near for x in near if max(abs(y), abs(x)) >= 2]
    side = len(power)
    around = torch.stack([power[(row + y) % side, (column + x) % side] for y, x in ring]).mean()
    return float(power[row, column] - 3 * around)
