"""pix2pix (https://arxiv.org/abs/1611.07004)."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from cyclekit.losses import ADVERSARIAL_LOSSES
from cyclekit.losses.reconstruction import l1
from cyclekit.methods.base import METHODS, Batch, Images, Losses, Method, Phase
from cyclekit.methods.bounds import require_weights
from cyclekit.methods.judging import turns
from cyclekit.models import DISCRIMINATORS, Discriminator, ImageGenerator, make_translator
from cyclekit.registry import Spec


@METHODS.register("pix2pix")
class Pix2Pix(Method):
    """One translator that learns from pairs, and a critic that sees both pictures of a pair.

    l_D = -E log D(x, y) - E log(1 - D(x, G(x)))                                  (equation 1)
    l_G = -adversarial_weight · E log D(x, G(x)) + reconstruction · E |G(x) - y|  (equations 3, 4)

    The mean over all y that could belong to x is the best answer to the second term alone, and is
    blurred; the first one refuses it (https://arxiv.org/abs/1511.06380 saw this in videos).

    Args:
        generator: network of the translator.
        discriminator: network of the critic, if there is one; takes in_channels.
        direction: "ab" makes the second picture of a pair from the first, "ba" the first from
            the second.
        adversarial: name of the adversarial loss.
        adversarial_weight: of the critic's judgement; 0 learns from the pairs alone, without
            a critic.
        reconstruction: weight of the difference from the true picture; the paper uses 100.
    """

    data = "paired"

    def __init__(
        self,
        generator: Spec,
        discriminator: Spec,
        direction: Literal["ab", "ba"] = "ab",
        adversarial: str = "nonsaturating",
        adversarial_weight: float = 1.0,
        reconstruction: float = 100.0,
    ) -> None:
        super().__init__()
        require_weights(adversarial_weight=adversarial_weight, reconstruction=reconstruction)
        self.generator = make_translator(generator, direction)
        seen = self.generator.in_channels + self.generator.out_channels
        self.discriminator: Discriminator | None = (
            DISCRIMINATORS.create(discriminator, in_channels=seen) if adversarial_weight else None
        )
        self.adversarial = ADVERSARIAL_LOSSES.create(Spec(adversarial))
        self.direction = direction
        self.adversarial_weight, self.reconstruction = adversarial_weight, reconstruction

    def phases(self) -> tuple[Phase, ...]:
        """Generator first, critic second, if there is one."""
        return turns(self.generator, self.discriminator)

    def translators(self) -> dict[str, ImageGenerator]:
        """Return the one direction."""
        return {self.direction: self.generator}

    def forward(self, batch: Batch, seed: int = 0) -> Images:
        """Translate: fake = G(x)."""
        return {"fake": self.generator(batch[self.direction[0]])}

    def losses(self, phase: str, batch: Batch, images: Images, seed: int) -> Losses:
        """Return one player's loss."""
        x, y, fake = batch[self.direction[0]], batch[self.direction[1]], images["fake"]
        if phase == "generators":
            losses = {"l1": self.reconstruction * l1(fake, y)}
            if self.discriminator:
                judged = self.adversarial.generator(_judge(self.discriminator, x, fake))
                losses["gan"] = self.adversarial_weight * judged
            return losses
        assert self.discriminator is not None
        # Apart, so that a batch norm of the critic never mixes real and made pictures.
        on_real = _judge(self.discriminator, x, y)
        on_fake = _judge(self.discriminator, x, fake.detach())
        return {"discriminator": self.adversarial.discriminator(on_real, on_fake)}


def _judge(critic: Discriminator, x: Tensor, y: Tensor) -> Tensor:
    logits: Tensor = critic(torch.cat([x, y.to(x.dtype)], dim=1))
    return logits.float()
