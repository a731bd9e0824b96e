"""Distillation: a small translator learns to do what a large one does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from cyclekit.errors import CheckpointError
from cyclekit.losses import ADVERSARIAL_LOSSES
from cyclekit.losses.perceptual import feature_distance
from cyclekit.losses.reconstruction import l1
from cyclekit.methods.base import METHODS, Batch, Images, Losses, Method, Phase
from cyclekit.methods.bounds import require_weights
from cyclekit.methods.judging import judge, turns
from cyclekit.models import DISCRIMINATORS, Discriminator, ImageGenerator, make_translator
from cyclekit.models.features.base import FEATURES, FeatureNetwork
from cyclekit.models.taps import tap
from cyclekit.registry import Spec

SEEN = ("features.1", "features.6", "features.11", "features.20")
"""Layers of VGG19 that pictures are compared by: relu1_1, relu2_1, relu3_1, relu4_1."""


@METHODS.register("distill")
class Distill(Method):
    """A student S that learns what a teacher T made of every picture x, and a critic D.

    L_S = output · E |S(x) - T(x)|
        + perceptual · sum_l E |V_l(S(x)) - V_l(T(x))| / E |V_l(T(x))|     (VGG's layers l)
        + matching · sum_l E |D_l(S(x)) - D_l(T(x))| / E |D_l(T(x))|       (the critic's layers l)
        + adversarial_weight · l_G(D(S(x)))
    l_D tells T(x) from S(x)

    The terms are those of https://arxiv.org/abs/2003.08936 with pictures for the teacher, so that
    it can be any program that translates: nobody looks inside it. Of all T(x) that a student could
    be unsure between, the first term alone asks for the middle one, which is a blur.

    Args:
        generator: network of the student.
        discriminator: network of the critic.
        direction: what the student is called: "ab" learns the second picture of a pair from the
            first, "ba" the first from the second.
        output: weight of the difference from the teacher's picture.
        perceptual: weight of the difference in VGG's features; needs `vgg`.
        vgg: file of VGG19's weights up to relu4_1, .safetensors.
        matching: weight of the difference in the critic's features.
        adversarial_weight: of the critic's judgement; without it and `matching` there is no critic.
        adversarial: name of the adversarial loss.
        teacher: who taught, for the header of the student's file.
    """

    data = "paired"

    def __init__(
        self,
        generator: Spec,
        discriminator: Spec,
        direction: Literal["ab", "ba"] = "ab",
        output: float = 10.0,
        perceptual: float = 0.0,
        vgg: str | None = None,
        matching: float = 0.0,
        adversarial_weight: float = 0.1,
        adversarial: str = "lsgan",
        teacher: str = "",
    ) -> None:
        super().__init__()
        _check(
            output=output, perceptual=perceptual, matching=matching,
            adversarial_weight=adversarial_weight,
        )  # fmt: skip
        self.student = make_translator(generator, direction)
        has_critic = bool(adversarial_weight or matching)
        self.critic: Discriminator | None = (
            DISCRIMINATORS.create(discriminator) if has_critic else None
        )
        self.adversarial = ADVERSARIAL_LOSSES.create(Spec(adversarial))
        self.direction, self.teacher = direction, teacher
        self.output, self.perceptual, self.matching = output, perceptual, matching
        self.adversarial_weight = adversarial_weight
        # In a list, for it is neither trained nor saved with the run.
        self._vgg = [_open_vgg(vgg)] if perceptual else []

    def phases(self) -> tuple[Phase, ...]:
        """Student first, critic second, if there is one."""
        return turns(self.student, self.critic)

    def translators(self) -> dict[str, ImageGenerator]:
        """Return the student."""
        return {self.direction: self.student}

    def critics(self) -> dict[str, Discriminator]:
        """Return who tells the teacher's pictures; nobody if it only compares."""
        alone = self.critic is not None and not self.critic.compares
        return {self.direction[1]: self.critic} if self.critic and alone else {}

    def forward(self, batch: Batch, seed: int = 0) -> Images:
        """Translate: fake_b = S(a), or fake_a = S(b)."""
        x, made = self.direction
        return {f"fake_{made}": self.student(batch[x])}

    def losses(self, phase: str, batch: Batch, images: Images, seed: int) -> Losses:
        """Return one player's loss."""
        made = self.direction[1]
        taught, fake = batch[made], images[f"fake_{made}"]
        if phase == "generators":
            return self._student_losses(fake, taught)
        assert self.critic is not None
        on_real, on_fake = judge(self.critic, taught, fake.detach())
        return {"discriminator": self.adversarial.discriminator(on_real, on_fake)}

    def _student_losses(self, fake: Tensor, taught: Tensor) -> Losses:
        losses = {"output": self.output * l1(fake, taught)}
        if self.perceptual:
            vgg = self._vgg[0].to(fake.device)
            distance = _difference(vgg, SEEN, 127.5 * (fake + 1), 127.5 * (taught + 1))
            losses["perceptual"] = self.perceptual * distance
        if self.critic and self.matching:
            layers = [f"body.{name}" for name, _ in self.critic.body.named_children()]
            losses["matching"] = self.matching * _difference(self.critic, layers, fake, taught)
        if self.critic and self.adversarial_weight:
            judged = self.adversarial.generator(self.critic(fake).float())
            losses["gan"] = self.adversarial_weight * judged
        return losses


def _difference(network: nn.Module, layers: Sequence[str], seen: Tensor, wanted: Tensor) -> Tensor:
    """Compare two batches by what some layers of a network give."""
    with torch.no_grad():
        targets = tap(network, layers, wanted)
    return feature_distance(tap(network, layers, seen), targets)


def _open_vgg(file: str | None) -> FeatureNetwork:
    if file is None:
        raise ValueError("perceptual needs vgg, a file of VGG19's weights (.safetensors)")
    try:
        with safe_open(file, framework="pt") as opened:
            weights = {key: opened.get_tensor(key) for key in opened.keys()}  # noqa: SIM118 (not a mapping)
            return FEATURES.create(Spec("vgg"), weights=weights, metadata=opened.metadata() or {})
    except (OSError, SafetensorError, CheckpointError) as error:
        raise ValueError(f"vgg: {file}: {error}") from error


def _check(**weights: float) -> None:
    require_weights(**weights)
    if not any(weights.values()):
        raise ValueError("nothing is learned where every weight is 0")
