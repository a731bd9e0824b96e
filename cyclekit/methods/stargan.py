"""One translator for many domains (StarGAN, https://arxiv.org/abs/1711.09020), and styles."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from cyclekit.errors import ConfigError
from cyclekit.losses import ADVERSARIAL_LOSSES
from cyclekit.losses.reconstruction import l1
from cyclekit.methods.base import METHODS, Batch, Images, Losses, Method, Phase, Translation
from cyclekit.methods.bounds import require_weights
from cyclekit.methods.draws import Draws
from cyclekit.methods.lazy_penalty import LazyPenalty
from cyclekit.models import DISCRIMINATORS
from cyclekit.models.domain_critic import DomainDiscriminator
from cyclekit.models.domains import DomainGenerator, make_domain_generator
from cyclekit.registry import Spec


@METHODS.register("stargan")
class StarGAN(Method):
    """A generator that is told the domain, and a critic that tells real, domain and style.

    x is a picture of domain c; c' is any domain, z ~ N(0, I) any style; y = G(x, c', z).

    L_D = L_GAN(x, y) + classify · CE(c | x) + style · E |S(y) - z| + penalty
    L_G = L_GAN(y) + classify · CE(c' | y) + cycle · E |G(y, c, S(x)) - x|       (equations 1 to 6)
        + style · E |S(y) - z| - diversity · E |y - G(x, c', z2)|

    The last line is StarGAN v2's (https://arxiv.org/abs/1912.01865, equations 2 and 3): a style can
    be seen in what it makes, and two styles differ; its diversity falls in a line to 0. Here the
    critic's head S takes the part of the style encoder. A generator of style 0 leaves it out.

    Args:
        generator: network of the translator; one that knows domains.
        discriminator: network of the critic; one that tells domains.
        adversarial: name of the adversarial loss.
        classify: weight of the domains; the paper uses 1.
        cycle: weight of the way back; the paper uses 10.
        style: weight of finding the style again; the paper uses 1.
        diversity: weight of the difference between two styles; the paper uses 1.
        penalty: gradient penalty of the critic: none, or its name.
        penalty_weight: of the penalty; of r1 and r2, gamma.
        penalty_every: steps between two penalties; each then weighs as many times as much.
        critic_steps: turns of the critic to one of the generator; the first paper uses 5.
    """

    data = "labelled"
    makes = "domains"

    def __init__(
        self,
        generator: Spec,
        discriminator: Spec,
        adversarial: str = "nonsaturating",
        classify: float = 1.0,
        cycle: float = 10.0,
        style: float = 1.0,
        diversity: float = 1.0,
        penalty: str = "r1",
        penalty_weight: float = 1.0,
        penalty_every: int = 4,
        critic_steps: int = 1,
    ) -> None:
        super().__init__()
        require_weights(classify=classify, cycle=cycle, style=style, diversity=diversity)
        if critic_steps < 1:
            raise ValueError(f"critic_steps must be at least 1, got {critic_steps}")
        self.generator = make_domain_generator(generator)
        self.discriminator = _make_critic(discriminator, self.generator)
        self.adversarial = ADVERSARIAL_LOSSES.create(Spec(adversarial))
        self.penalty = LazyPenalty(penalty, penalty_weight, penalty_every)
        self.classify, self.cycle, self.critic_steps = classify, cycle, critic_steps
        styles = bool(self.generator.style)
        self.style, self.diversity = style * styles, diversity * styles

    def phases(self) -> tuple[Phase, ...]:
        """Generator first, critic second: the same fakes serve both."""
        return (
            Phase("generators", (self.generator,), self.critic_steps),
            Phase("discriminators", (self.discriminator,)),
        )

    def translators(self) -> dict[str, DomainGenerator]:
        """Return the generator."""
        return {"any": self.generator}

    def translations(self, batch: Batch, images: Images) -> dict[str, Translation]:
        """Translate every picture into its neighbour's domain, in the middle style."""
        x, label = batch["picture"], batch["label"].roll(1)
        z = x.new_zeros(len(x), self.generator.style)
        return {"any": Translation(self.generator, lambda x: self.generator(x, label, z), x, None)}

    def forward(self, batch: Batch, seed: int = 0) -> Images:
        """Translate into any domains and styles, and back: fake = G(x, c', z), back = G(fake, c, S(x))."""
        x, own = batch["picture"], batch["label"]
        label, z, z2 = self._draw(seed, x)
        if self.diversity:
            twice = self.generator(torch.cat([x, x]), label.repeat(2), torch.cat([z, z2]))
            fake, other = twice.chunk(2)
        else:
            fake, other = self.generator(x, label, z), None
        found = self.discriminator.examine(x).style.detach().float()
        images = {"fake": fake, "back": self.generator(fake, own, found)}
        return images if other is None else images | {"other": other}

    def losses(self, phase: str, batch: Batch, images: Images, seed: int) -> Losses:
        """Return one player's loss."""
        if phase == "generators":
            return self._generator_losses(batch, images, seed)
        return self._critic_losses(batch, images["fake"].detach(), seed)

    def _generator_losses(self, batch: Batch, images: Images, seed: int) -> Losses:
        x, fake = batch["picture"], images["fake"]
        label, z, _ = self._draw(seed, x)
        seen = self.discriminator.examine(fake)
        losses = {
            "generator": self.adversarial.generator(seen.logits.float()),
            "domain": self.classify * F.cross_entropy(seen.domains.float(), label),
            "cycle": self.cycle * l1(images["back"], x),
        }
        if self.style:
            losses["style"] = self.style * l1(seen.style, z)
        if self.diversity:
            weight = self.diversity * (1 - self.moment.share)
            losses["diversity"] = -weight * l1(fake, images["other"])
        return losses

    def _critic_losses(self, batch: Batch, fake: Tensor, seed: int) -> Losses:
        x = batch["picture"]
        on_real, on_fake = self.discriminator.examine(x), self.discriminator.examine(fake)
        logits = on_real.logits.float(), on_fake.logits.float()
        losses = {
            "discriminator": self.adversarial.discriminator(*logits),
            "domain_real": self.classify * F.cross_entropy(on_real.domains.float(), batch["label"]),
        }
        if self.style:
            losses["style_seen"] = self.style * l1(on_fake.style, self._draw(seed, x)[1])
        if self.penalty.is_due(self.moment.step):
            losses["penalty"] = self.penalty(self.discriminator, x, fake, seed)
        return losses

    def _draw(self, seed: int, like: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Draw c', z and z2: the same whenever they are asked for within a step."""
        draws = Draws(seed, "domains and styles", like)
        label = draws.classes(self.generator.classes)
        return label, draws.normal(self.generator.style), draws.normal(self.generator.style)


def _make_critic(spec: Spec, generator: DomainGenerator) -> DomainDiscriminator:
    """Build a critic that tells as many domains and styles as the generator makes."""
    if "style" in spec.options:
        raise ConfigError(
            f"discriminator '{spec.name}': style is not set here, but by the generator; leave it out"
        )
    known = DISCRIMINATORS.options(spec.name)
    told = {"style": generator.style} if "style" in known else {}
    critic = DISCRIMINATORS.create(Spec(spec.name, {**spec.options, **told}))
    if not isinstance(critic, DomainDiscriminator):
        raise ConfigError(f"discriminator '{spec.name}' tells no domains; expected stargan")
    if not critic.classes or critic.classes != generator.classes:
        raise ConfigError(
            f"generator and discriminator know {generator.classes} and {critic.classes} domains"
        )
    return critic
