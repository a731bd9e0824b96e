"""Generative adversarial nets (https://arxiv.org/abs/1406.2661), and what keeps them in balance."""

from __future__ import annotations

from torch import Tensor

from cyclekit.losses import ADVERSARIAL_LOSSES
from cyclekit.methods.base import METHODS, Batch, Images, Losses, Method, Phase
from cyclekit.methods.bounds import require_weights
from cyclekit.methods.draws import Draws
from cyclekit.methods.lazy_penalty import LazyPenalty
from cyclekit.models import DISCRIMINATORS, Memory, NoiseGenerator, make_noise_generator
from cyclekit.registry import Spec


@METHODS.register("gan")
class GAN(Method):
    """A generator that makes pictures from noise, and a critic that tells them from real ones.

    l_D = -E log D(x) - E log(1 - D(G(z))),  l_G = -l_D or -E log D(G(z)),  z ~ N(0, I)

    Args:
        generator: network that makes pictures from noise.
        discriminator: network of the critic.
        adversarial: name of the adversarial loss, in place of l_D and l_G above.
        real_label: what D(x) is asked to be; 0.9 is one-sided label smoothing.
        instance_noise: deviation of noise on all that the critic sees, in units of [-1, 1]; falls
            in a line to 0 over the run (https://arxiv.org/abs/1610.04490).
        penalty: gradient penalty of the critic: none, or its name.
        penalty_weight: of the penalty; of r1 and r2, gamma.
        penalty_every: steps between two penalties; each then weighs as many times as much
            (https://arxiv.org/abs/1912.04958, section 3.1).
        critic_steps: turns of the critic to one of the generator.
        memory: older generated pictures that a critic compares both kinds with, beside the batch.
            With a queue of its own for either kind, as UVCGANv2 has it, the critic of a batch of
            one knows the kind by the queue and need not look at the picture (in trials on the ring
            it was no better than no queue). Beside the same fakes, what tells real from fake is
            the picture alone.
    """

    data = "single"
    makes = "noise"

    def __init__(
        self,
        generator: Spec,
        discriminator: Spec,
        adversarial: str = "nonsaturating",
        real_label: float = 1.0,
        instance_noise: float = 0.0,
        penalty: str = "none",
        penalty_weight: float = 10.0,
        penalty_every: int = 1,
        critic_steps: int = 1,
        memory: int = 0,
    ) -> None:
        super().__init__()
        require_weights(instance_noise=instance_noise)
        if critic_steps < 1:
            raise ValueError(f"critic_steps must be at least 1, got {critic_steps}")
        self.generator = make_noise_generator(generator)
        self.discriminator = DISCRIMINATORS.create(discriminator)
        smoothing = {} if real_label == 1 else {"real_label": real_label}
        self.adversarial = ADVERSARIAL_LOSSES.create(Spec(adversarial, smoothing))
        self.penalty = LazyPenalty(penalty, penalty_weight, penalty_every)
        self.instance_noise, self.critic_steps = instance_noise, critic_steps
        self.memory = Memory(memory)

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
        """Make as many pictures as there are real ones: fake = G(z)."""
        z = Draws(seed, "latents", batch["picture"]).normal(self.generator.latent)
        return {"fake": self.generator(z)}

    def losses(self, phase: str, batch: Batch, images: Images, seed: int) -> Losses:
        """Return one player's loss."""
        if phase == "generators":
            fake = self._noisy(images["fake"], seed, "noise on fakes")
            logits = self._beside_memory(fake).float()
            return {"generator": self.adversarial.generator(logits)}
        real = self._noisy(batch["picture"], seed, "noise on reals")
        fake = self._noisy(images["fake"].detach(), seed, "noise on fakes")
        penalty = {}
        if self.penalty.is_due(self.moment.step):  # first: the memory keeps what it sees last
            penalty["penalty"] = self.penalty(self._beside_memory, real, fake, seed)
        on_real, on_fake = self._beside_memory(real).float(), self._beside_memory(fake).float()
        self.memory.keep()
        return {"discriminator": self.adversarial.discriminator(on_real, on_fake)} | penalty

    def _beside_memory(self, pictures: Tensor) -> Tensor:
        return self.discriminator(pictures, memory=self.memory)  # type: ignore[no-any-return]

    def _noisy(self, pictures: Tensor, seed: int, purpose: str) -> Tensor:
        deviation = self.instance_noise * (1 - self.moment.share)
        if not deviation:
            return pictures
        return pictures + deviation * Draws(seed, purpose, pictures).normal(*pictures.shape[1:])
