"""The adversarial games, on logits: one method a player."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from cyclekit.registry import Registry


class AdversarialLoss(nn.Module, ABC):
    """What each player minimises. D(x) below is a probability, sigmoid of the logits."""

    absolute: ClassVar[bool] = True
    """Whether a single logit tells real from fake; else only differences between logits do."""

    @abstractmethod
    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return the discriminator's loss, a scalar, from logits of any shape."""

    @abstractmethod
    def generator(self, fake: Tensor) -> Tensor:
        """Return the generator's loss, a scalar, from logits of any shape."""

    def verdict(self, logits: Tensor) -> Tensor:
        """Say how real each logit is, from -1 (fake) to 1 (real); 0 is undecided: 2 D(x) - 1.

        Args:
            logits: of one picture, any shape.

        Returns:
            The same shape.
        """
        return 2 * torch.sigmoid(logits) - 1


ADVERSARIAL_LOSSES: Registry[AdversarialLoss] = Registry("adversarial loss")


@ADVERSARIAL_LOSSES.register("minimax")
class Minimax(AdversarialLoss):
    """The game as first written (https://arxiv.org/abs/1406.2661, equation 1): l_G = -l_D.

    Args:
        real_label: y, what D(real) is asked to be. Under 1 it keeps the discriminator from being
            too sure: one-sided label smoothing (https://arxiv.org/abs/1606.03498, section 3.4).
    """

    def __init__(self, real_label: float = 1.0) -> None:
        super().__init__()
        self.real_label = _checked(real_label)

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        """-E [y log D(real) + (1 - y) log(1 - D(real))] - E log(1 - D(fake))."""
        # log(1 - D) = log D - logit, so one softplus serves both labels.
        on_real = F.softplus(-real) + (1 - self.real_label) * real
        return on_real.mean() + F.softplus(fake).mean()

    def generator(self, fake: Tensor) -> Tensor:
        """E log(1 - D(fake)); its gradient vanishes where the discriminator is sure."""
        return -F.softplus(fake).mean()


@ADVERSARIAL_LOSSES.register("nonsaturating")
class NonSaturating(Minimax):
    """The same discriminator; a generator that learns most where it is caught (section 3)."""

    def generator(self, fake: Tensor) -> Tensor:
        """-E log D(fake)."""
        return F.softplus(-fake).mean()


@ADVERSARIAL_LOSSES.register("lsgan")
class LeastSquares(AdversarialLoss):
    """Least squares on raw outputs (https://arxiv.org/abs/1611.04076), halved as CycleGAN does.

    Args:
        real_label: y, what real pictures are worth, and what the generator aims at (b = c there).
    """

    def __init__(self, real_label: float = 1.0) -> None:
        super().__init__()
        self.real_label = _checked(real_label)

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        """(E (real - y)^2 + E fake^2) / 2."""
        return ((real - self.real_label).square().mean() + fake.square().mean()) / 2

    def generator(self, fake: Tensor) -> Tensor:
        """E (fake - y)^2."""
        return (fake - self.real_label).square().mean()

    def verdict(self, logits: Tensor) -> Tensor:
        """2 x - 1 within [-1, 1]: real pictures were to give 1, fakes 0."""
        return (2 * logits - 1).clamp(-1, 1)


@ADVERSARIAL_LOSSES.register("hinge")
class Hinge(AdversarialLoss):
    """Hinge game (https://arxiv.org/abs/1705.02894, equations 13 and 14)."""

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        """E max(0, 1 - real) + E max(0, 1 + fake)."""
        return torch.relu(1 - real).mean() + torch.relu(1 + fake).mean()

    def generator(self, fake: Tensor) -> Tensor:
        """-E fake."""
        return -fake.mean()

    def verdict(self, logits: Tensor) -> Tensor:
        """Clip to the margins, [-1, 1]."""
        return logits.clamp(-1, 1)


@ADVERSARIAL_LOSSES.register("wgan")
class Wasserstein(AdversarialLoss):
    """Difference of means (https://arxiv.org/abs/1701.07875); wants a bounded discriminator."""

    absolute = False

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        """E fake - E real."""
        return fake.mean() - real.mean()

    def generator(self, fake: Tensor) -> Tensor:
        """-E fake."""
        return -fake.mean()

    def verdict(self, logits: Tensor) -> Tensor:
        """Compare with the mean, tanh of the distance in deviations: no value means undecided."""
        centred = logits - logits.mean()
        return torch.tanh(centred / centred.square().mean().sqrt().clamp_min(1e-12))


def _checked(real_label: float) -> float:
    if not 0.5 < real_label <= 1:
        raise ValueError(f"real_label must be above 0.5 and at most 1, got {real_label}")
    return real_label
