"""Gradient penalties: a discriminator that is steep has nothing left to teach.

D(x) below is a picture's mean logit, so that a map of logits weighs as much as a single one.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

import torch
from torch import Tensor

from cyclekit.devices import full_precision
from cyclekit.registry import Registry

Judge = Callable[[Tensor], Tensor]
"""From pictures (N, C, H, W) to logits (N, 1, h, w)."""


class Penalty(ABC):
    """What a discriminator pays for its slope."""

    @abstractmethod
    def __call__(self, judge: Judge, real: Tensor, fake: Tensor, mix: Tensor) -> Tensor:
        """Return the penalty.

        Args:
            judge: the discriminator.
            real: pictures (N, C, H, W); takes no gradient.
            fake: as many generated ones; takes no gradient.
            mix: share of the real picture between each pair, (N,) in [0, 1].

        Returns:
            A scalar in float32, on the graph of the discriminator's weights.
        """


PENALTIES: Registry[Penalty] = Registry("penalty")


@PENALTIES.register("r1")
class R1(Penalty):
    """E |dD(real)|^2 / 2 (https://arxiv.org/abs/1801.04406, equation 9)."""

    def __call__(self, judge: Judge, real: Tensor, fake: Tensor, mix: Tensor) -> Tensor:
        """Ask for no slope where the data are."""
        return _squared_slope(judge, real).mean() / 2


@PENALTIES.register("r2")
class R2(Penalty):
    """E |dD(fake)|^2 / 2 (the same, equation 10)."""

    def __call__(self, judge: Judge, real: Tensor, fake: Tensor, mix: Tensor) -> Tensor:
        """Ask for no slope where the generator is."""
        return _squared_slope(judge, fake).mean() / 2


@PENALTIES.register("zero-centred")
class ZeroCentred(Penalty):
    """E |dD(x)|^2, x between real and fake (https://arxiv.org/abs/1902.03984)."""

    def __call__(self, judge: Judge, real: Tensor, fake: Tensor, mix: Tensor) -> Tensor:
        """Ask for no slope on the way from one to the other."""
        return _squared_slope(judge, _between(real, fake, mix)).mean()


@PENALTIES.register("wgan-gp")
class WassersteinPenalty(Penalty):
    """E (|dD(x)| - 1)^2, x between real and fake (https://arxiv.org/abs/1704.00028, equation 3)."""

    def __call__(self, judge: Judge, real: Tensor, fake: Tensor, mix: Tensor) -> Tensor:
        """Ask for slope 1, as a critic of the Wasserstein distance has."""
        squared = _squared_slope(judge, _between(real, fake, mix))
        return ((squared + 1e-12).sqrt() - 1).square().mean()  # the root has no slope at 0


def _between(real: Tensor, fake: Tensor, mix: Tensor) -> Tensor:
    share = mix.view(-1, 1, 1, 1)
    return share * real + (1 - share) * fake


def _squared_slope(judge: Judge, pictures: Tensor) -> Tensor:
    """Return |dD/dx|^2 of each picture, (N,), in float32: squares of small numbers get lost."""
    x = pictures.detach().float().requires_grad_()
    with full_precision(x.device):
        total = judge(x).mean((1, 2, 3)).sum()
        (slope,) = torch.autograd.grad(total, x, create_graph=True)
        return slope.square().sum((1, 2, 3))
