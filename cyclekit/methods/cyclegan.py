"""CycleGAN (https://arxiv.org/abs/1703.10593)."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from cyclekit.losses import ADVERSARIAL_LOSSES
from cyclekit.losses.reconstruction import brightness, l1
from cyclekit.methods.base import METHODS, Batch, Images, Losses, Method, Phase
from cyclekit.methods.bounds import require_shares, require_weights
from cyclekit.methods.judging import judge
from cyclekit.methods.lazy_penalty import LazyPenalty
from cyclekit.methods.pool import ImagePool
from cyclekit.models import (
    DISCRIMINATORS,
    Discriminator,
    ImageGenerator,
    Memory,
    make_translator,
)
from cyclekit.registry import Spec


@METHODS.register("cyclegan")
class CycleGAN(Method):
    """Two translators that undo each other, and a critic for each domain.

    L = L_GAN(G_ab, D_b) + L_GAN(G_ba, D_a)
      + cycle · (E |G_ba(G_ab(a)) - a| + E |G_ab(G_ba(b)) - b|)                (equations 1 to 3)
      + cycle · identity · (E |G_ab(b) - b| + E |G_ba(a) - a|)                 (section 5.2)

    Args:
        generator: network of both translators.
        discriminator: network of both critics.
        adversarial: name of the adversarial loss.
        cycle: weight of the cycle; the paper uses 10.
        identity: weight of the identity, as a share of `cycle`; the paper uses 0.5, 0 for none.
        identity_a: the share for pictures of A; None takes `identity`.
        identity_every: steps between two identities; each then weighs as many times as much.
        identity_until: share of the run at which the identity's weight, falling in a line, is 0;
            None keeps it.
        cycle_end: share of the cycle's weight that is left at the end of the run; it falls in a
            line ("Better cycles", https://arxiv.org/abs/2408.15374).
        cycle_features: share of the cycle that is measured on the critics' features, growing in a
            line from 0 to this at the end of the run (the same).
        brightness: weight of keeping local brightness, 0 (the paper) for none.
        pool: fakes that each critic remembers; the paper uses 50.
        penalty: gradient penalty of the critics: none, or its name.
        penalty_weight: of the penalty; of r1 and r2, gamma.
        penalty_every: steps between two penalties; each then weighs as many times as much.
        memory: older pictures that a critic compares with, beside the batch.
    """

    data = "unpaired"
    keeps_colors = True

    def __init__(
        self,
        generator: Spec,
        discriminator: Spec,
        adversarial: str = "lsgan",
        cycle: float = 10.0,
        identity: float = 0.5,
        identity_a: float | None = None,
        identity_every: int = 1,
        identity_until: float | None = None,
        cycle_end: float = 1.0,
        cycle_features: float = 0.0,
        brightness: float = 0.0,
        pool: int = 50,
        penalty: str = "none",
        penalty_weight: float = 10.0,
        penalty_every: int = 16,
        memory: int = 0,
    ) -> None:
        super().__init__()
        require_weights(
            cycle=cycle, identity=identity, identity_a=identity_a, brightness=brightness
        )
        require_shares(cycle_end=cycle_end, cycle_features=cycle_features)
        _check_identity(identity_every, identity_until)
        self.g_ab = make_translator(generator, "ab")
        self.g_ba = make_translator(generator, "ba")
        self.d_a: Discriminator = DISCRIMINATORS.create(discriminator)
        self.d_b: Discriminator = DISCRIMINATORS.create(discriminator)
        self.adversarial = ADVERSARIAL_LOSSES.create(Spec(adversarial))
        self.pool_a, self.pool_b = ImagePool(pool), ImagePool(pool)
        self.cycle, self.brightness = cycle, brightness
        self.cycle_end, self.cycle_features = cycle_end, cycle_features
        self.identity_b = cycle * identity
        self.identity_a = cycle * (identity if identity_a is None else identity_a)
        self.identity_every, self.identity_until = identity_every, identity_until
        self.penalty = LazyPenalty(penalty, penalty_weight, penalty_every)
        kept = ("real_a", "real_b", "fake_a", "fake_b") if memory else ()
        self.memories = nn.ModuleDict({name: Memory(memory) for name in kept})

    def phases(self) -> tuple[Phase, ...]:
        """Generators first, critics second."""
        return (
            Phase("generators", (self.g_ab, self.g_ba)),
            Phase("discriminators", (self.d_a, self.d_b)),
        )

    def translators(self) -> dict[str, ImageGenerator]:
        """Return both directions."""
        return {"ab": self.g_ab, "ba": self.g_ba}

    def critics(self) -> dict[str, Discriminator]:
        """Return the critic of each domain; nobody if they only compare pictures."""
        return {} if self.d_a.compares else {"a": self.d_a, "b": self.d_b}

    def forward(self, batch: Batch, seed: int = 0) -> Images:
        """Translate, and translate back: fake_b = G_ab(a), cycle_a = G_ba(fake_b), same_b = G_ab(b)."""
        a, b = batch["a"], batch["b"]
        fake_b, same_b = _translate(self.g_ab, a, b if self._identity(self.identity_b) else None)
        fake_a, same_a = _translate(self.g_ba, b, a if self._identity(self.identity_a) else None)
        images = {
            "fake_b": fake_b,
            "fake_a": fake_a,
            "cycle_a": self.g_ba(fake_b),
            "cycle_b": self.g_ab(fake_a),
        }
        same = {"same_a": same_a, "same_b": same_b}
        return images | {name: image for name, image in same.items() if image is not None}

    def losses(self, phase: str, batch: Batch, images: Images, seed: int) -> Losses:
        """Return one player's share of L."""
        if phase == "generators":
            return self._generator_losses(batch, images)
        return self._discriminator_losses(batch, images, seed)

    def _generator_losses(self, batch: Batch, images: Images) -> Losses:
        a, b = batch["a"], batch["b"]
        on_b = self.d_b(images["fake_b"], memory=self._memory("fake_b")).float()
        on_a = self.d_a(images["fake_a"], memory=self._memory("fake_a")).float()
        losses = {
            "gan_ab": self.adversarial.generator(on_b),
            "gan_ba": self.adversarial.generator(on_a),
            "cycle_a": self._cycle(self.d_a, images["cycle_a"], a),
            "cycle_b": self._cycle(self.d_b, images["cycle_b"], b),
        }
        if "same_a" in images:
            losses["identity_a"] = self._identity(self.identity_a) * l1(images["same_a"], a)
        if "same_b" in images:
            losses["identity_b"] = self._identity(self.identity_b) * l1(images["same_b"], b)
        if self.brightness:
            losses["brightness"] = self.brightness * (
                brightness(images["fake_b"], a) + brightness(images["fake_a"], b)
            )
        return losses

    def _identity(self, weight: float) -> float:
        """Return what an identity weighs now: as in the paper at least, while colours are kept."""
        weight *= self._identity_factor()
        return max(weight, 0.5 * self.cycle) if self.moment.keep_colors else weight

    def _identity_factor(self) -> float:
        """What the identity weighs now: 0 on the steps that leave it out."""
        if self.moment.step % self.identity_every:
            return 0.0
        if self.identity_until is None:
            return float(self.identity_every)
        return self.identity_every * max(0.0, 1 - self.moment.share / self.identity_until)

    def _cycle(self, critic: Discriminator, output: Tensor, target: Tensor) -> Tensor:
        """Distance of a picture from its way there and back: of pixels, and of features."""
        weight = self.cycle * (1 - (1 - self.cycle_end) * self.moment.share)
        features = self.cycle_features * self.moment.share
        loss = (1 - features) * l1(output, target)
        if features:
            loss = loss + features * l1(critic.body(output), critic.body(target))
        return weight * loss

    def _discriminator_losses(self, batch: Batch, images: Images, seed: int) -> Losses:
        old_a = self.pool_a(images["fake_a"], seed)
        old_b = self.pool_b(images["fake_b"], seed + 1)
        remembered = [
            self._memory(f"{kind}_{domain}") for domain in "ab" for kind in ("real", "fake")
        ]
        on_a = judge(self.d_a, batch["a"], old_a, *remembered[:2])
        on_b = judge(self.d_b, batch["b"], old_b, *remembered[2:])
        losses = {
            "d_a": self.adversarial.discriminator(*on_a),
            "d_b": self.adversarial.discriminator(*on_b),
        }
        if self.penalty.is_due(self.moment.step):
            losses["penalty_a"] = self.penalty(self.d_a, batch["a"], old_a, seed)
            losses["penalty_b"] = self.penalty(self.d_b, batch["b"], old_b, seed + 1)
        for memory in remembered:
            if memory is not None:
                memory.keep()
        return losses

    def _memory(self, name: str) -> Memory | None:
        return cast("Memory", self.memories[name]) if name in self.memories else None


def _translate(
    generator: nn.Module, foreign: Tensor, own: Tensor | None
) -> tuple[Tensor, Tensor | None]:
    """Run both inputs of a generator in one batch: half the calls, the same arithmetic."""
    if own is None:
        return generator(foreign), None
    fake, same = generator(torch.cat([foreign, own])).chunk(2)
    return fake, same


def _check_identity(identity_every: int, identity_until: float | None) -> None:
    if identity_every < 1:
        raise ValueError(f"identity_every must be at least 1, got {identity_every}")
    if identity_until is not None and not 0 < identity_until <= 1:
        raise ValueError(f"identity_until must be above 0 and at most 1, got {identity_until}")
