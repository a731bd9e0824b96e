"""CycleGAN (https://arxiv.org/abs/1703.10593)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from cyclekit.losses import ADVERSARIAL_LOSSES
from cyclekit.losses.reconstruction import brightness, l1
from cyclekit.methods.base import METHODS, Batch, Images, Losses, Method, Phase
from cyclekit.methods.pool import ImagePool
from cyclekit.models import DISCRIMINATORS, Discriminator, ImageGenerator, make_translator
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
        brightness: weight of keeping local brightness, 0 (the paper) for none.
        pool: fakes that each critic remembers; the paper uses 50.
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
        brightness: float = 0.0,
        pool: int = 50,
    ) -> None:
        super().__init__()
        self.g_ab = make_translator(generator, "ab")
        self.g_ba = make_translator(generator, "ba")
        self.d_a: Discriminator = DISCRIMINATORS.create(discriminator)
        self.d_b: Discriminator = DISCRIMINATORS.create(discriminator)
        self.adversarial = ADVERSARIAL_LOSSES.create(Spec(adversarial))
        self.pool_a, self.pool_b = ImagePool(pool), ImagePool(pool)
        self.cycle, self.brightness = cycle, brightness
        self.identity_b = cycle * identity
        self.identity_a = cycle * (identity if identity_a is None else identity_a)

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
        losses = {
            "gan_ab": self.adversarial.generator(self.d_b(images["fake_b"]).float()),
            "gan_ba": self.adversarial.generator(self.d_a(images["fake_a"]).float()),
            "cycle_a": self.cycle * l1(images["cycle_a"], a),
            "cycle_b": self.cycle * l1(images["cycle_b"], b),
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
        """Return the weight of an identity: the paper's at least, while colours are to be kept."""
        return max(weight, 0.5 * self.cycle) if self.moment.keep_colors else weight

    def _discriminator_losses(self, batch: Batch, images: Images, seed: int) -> Losses:
        old_a = self.pool_a(images["fake_a"], seed)
        old_b = self.pool_b(images["fake_b"], seed + 1)
        return {
            "d_a": self.adversarial.discriminator(*_judge(self.d_a, batch["a"], old_a)),
            "d_b": self.adversarial.discriminator(*_judge(self.d_b, batch["b"], old_b)),
        }


def _translate(
    generator: nn.Module, foreign: Tensor, own: Tensor | None
) -> tuple[Tensor, Tensor | None]:
    """Run both inputs of a generator in one batch: half the calls, the same arithmetic."""
    if own is None:
        return generator(foreign), None
    fake, same = generator(torch.cat([foreign, own])).chunk(2)
    return fake, same


def _judge(discriminator: Discriminator, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
    """Judge both in one call, unless they would be compared with each other."""
    if discriminator.compares:
        return discriminator(real).float(), discriminator(fake).float()
    on_real, on_fake = discriminator(torch.cat([real, fake.to(real.dtype)])).float().chunk(2)
    return on_real, on_fake
