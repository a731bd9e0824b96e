"""Predictive generative networks (https://arxiv.org/abs/1511.06380), at any size."""

from __future__ import annotations

import torch
from torch import Tensor

from cyclekit.losses import ADVERSARIAL_LOSSES
from cyclekit.losses.reconstruction import mean_square
from cyclekit.methods.base import METHODS, Batch, Images, Losses, Method, Phase
from cyclekit.methods.bounds import require_weights
from cyclekit.methods.judging import turns
from cyclekit.models import DISCRIMINATORS, Discriminator
from cyclekit.models.predictor import PAST, Predictor, make_predictor
from cyclekit.registry import Spec


@METHODS.register("predict")
class Predict(Method):
    """A network that says what comes next, and a critic that has seen what was before.

    l_P = mse · E (P(x_1, x_2) - x_3)^2 + weight · l_G(D(x_1, x_2, P(x_1, x_2)))
    l_D tells (x_1, x_2, x_3) from (x_1, x_2, P(x_1, x_2))

    The square alone asks for the mean of all that may come, which is a blur; the critic asks for
    one of them.

    Args:
        generator: network that predicts.
        discriminator: network of the critic; judges three frames stacked.
        adversarial: name of the adversarial loss.
        mse: weight of the mean square error.
        weight: of the adversarial loss; 0 for no critic at all. At 6 what moves
            is as sharp as it is in truth, but 0.4 dB worse than at 2 (tools/next_frame.py).
    """

    data = "clips"
    makes = "predictor"

    def __init__(
        self,
        generator: Spec,
        discriminator: Spec,
        adversarial: str = "lsgan",
        mse: float = 100.0,
        weight: float = 2.0,
    ) -> None:
        super().__init__()
        require_weights(mse=mse, weight=weight)
        self.predictor = make_predictor(generator)
        self.critic = _judge_of_clips(discriminator) if weight else None
        self.adversarial = ADVERSARIAL_LOSSES.create(Spec(adversarial))
        self.mse, self.weight = mse, weight

    def phases(self) -> tuple[Phase, ...]:
        """Predictor first, critic second."""
        return turns(self.predictor, self.critic)

    def translators(self) -> dict[str, Predictor]:
        """Return the predictor."""
        return {"next": self.predictor}

    def forward(self, batch: Batch, seed: int = 0) -> Images:
        """Predict the third frame of every clip: next = P(x_1, x_2)."""
        past, _ = split(batch["clip"])
        return {"next": self.predictor(past)}

    def losses(self, phase: str, batch: Batch, images: Images, seed: int) -> Losses:
        """Return one player's loss."""
        past, truth = split(batch["clip"])
        if phase == "generators":
            losses = {"mse": self.mse * mean_square(images["next"], truth)}
            if self.critic:
                logits = self.critic(torch.cat([past, images["next"]], dim=1)).float()
                losses["generator"] = self.weight * self.adversarial.generator(logits)
            return losses
        assert self.critic is not None
        on_real = self.critic(batch["clip"]).float()
        on_fake = self.critic(torch.cat([past, images["next"].detach()], dim=1)).float()
        return {"discriminator": self.adversarial.discriminator(on_real, on_fake)}


def split(clip: Tensor) -> tuple[Tensor, Tensor]:
    """Return the past, (N, 6, H, W), and what came of it, (N, 3, H, W)."""
    return clip[:, : 3 * PAST], clip[:, 3 * PAST :]


def _judge_of_clips(spec: Spec) -> Discriminator:
    return DISCRIMINATORS.create(Spec(spec.name, {**spec.options, "in_channels": 3 * PAST + 3}))
