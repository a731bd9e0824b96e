"""BigGAN (https://arxiv.org/abs/1809.11096), at any size."""

from __future__ import annotations

from torch import Tensor

from cyclekit.errors import ConfigError
from cyclekit.losses import ADVERSARIAL_LOSSES
from cyclekit.losses.orthogonal import off_diagonal
from cyclekit.methods.base import METHODS, Batch, Images, Losses, Method, Phase
from cyclekit.methods.bounds import require_weights
from cyclekit.methods.draws import Draws
from cyclekit.models import DISCRIMINATORS, NoiseGenerator, make_noise_generator
from cyclekit.registry import Spec


@METHODS.register("biggan")
class BigGAN(Method):
    """A generator that is asked for a class, and a critic that knows the classes too.

    l_D = E max(0, 1 - D(x, y)) + E max(0, 1 + D(G(z, c), c)),  z ~ N(0, I), c any class
    l_G = -E D(G(z, c), c) + orthogonal · sum over weights of |W W^T * (1 - I)|_F^2

    The rest of the recipe lies in the networks called "biggan" (conditional batch norms, a shared
    embedding, noise at every size, projection, spectral normalisation), in the weights' average,
    and in the preset (orthogonal first weights, two rates).

    Args:
        generator: network that makes pictures from noise and a class.
        discriminator: network of the critic; takes classes.
        adversarial: name of the adversarial loss; the paper uses hinge.
        orthogonal: weight of the orthogonal regularisation; the paper uses 1e-4.
        critic_steps: turns of the critic to one of the generator; the paper uses 2.
    """

    data = "labelled"
    makes = "noise"

    def __init__(
        self,
        generator: Spec,
        discriminator: Spec,
        adversarial: str = "hinge",
        orthogonal: float = 1e-4,
        critic_steps: int = 2,
    ) -> None:
        super().__init__()
        require_weights(orthogonal=orthogonal)
        if critic_steps < 1:
            raise ValueError(f"critic_steps must be at least 1, got {critic_steps}")
        self.generator = make_noise_generator(generator)
        self.discriminator = DISCRIMINATORS.create(discriminator)
        _require_classes("generator", generator, self.generator.classes)
        _require_classes("discriminator", discriminator, self.discriminator.classes)
        self.adversarial = ADVERSARIAL_LOSSES.create(Spec(adversarial))
        self.orthogonal, self.critic_steps = orthogonal, critic_steps

    def phases(self) -> tuple[Phase, ...]:
        """Generator first, critic second: the same fakes serve both."""
        return (
            Phase("generators", (self.generator,), self.critic_steps),
            Phase("discriminators", (self.discriminator,)),
        )

    def translators(self) -> dict[str, NoiseGenerator]:
        """Return the generator."""
        return {"noise": self.generator}

    def forward(self, batch: Batch, seed: int = 0) -> Images:
        """Make as many pictures as there are real ones, of any classes: fake = G(z, c)."""
        draws = Draws(seed, "latents", batch["picture"])
        z, label = draws.normal(self.generator.latent), draws.classes(self.generator.classes)
        return {"fake": self.generator(z, label), "label": label}

    def losses(self, phase: str, batch: Batch, images: Images, seed: int) -> Losses:
        """Return one player's loss."""
        fake, label = images["fake"], images["label"]
        if phase == "generators":
            logits = self.discriminator(fake, label).float()
            losses = {"generator": self.adversarial.generator(logits)}
            if self.orthogonal:
                losses["orthogonal"] = self.orthogonal * off_diagonal(self._filters())
            return losses
        on_real = self.discriminator(batch["picture"], batch["label"]).float()
        on_fake = self.discriminator(fake.detach(), label).float()
        return {"discriminator": self.adversarial.discriminator(on_real, on_fake)}

    def _filters(self) -> list[Tensor]:
        """All weights but the classes' embedding: classes may be alike."""
        weights = self.generator.named_parameters()
        return [weight for name, weight in weights if not name.startswith("shared.")]


def _require_classes(player: str, spec: Spec, classes: int) -> None:
    if not classes:
        raise ConfigError(f"{player} '{spec.name}' knows no classes; expected one such as biggan")
