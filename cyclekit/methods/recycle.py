"""Recycle-GAN (https://arxiv.org/abs/1808.05174)."""

from __future__ import annotations

import torch
from torch import Tensor

from cyclekit.losses import ADVERSARIAL_LOSSES
from cyclekit.losses.reconstruction import l1
from cyclekit.methods.base import METHODS, Batch, Images, Losses, Method, Phase, Translation
from cyclekit.methods.bounds import require_weights
from cyclekit.methods.pool import ImagePool
from cyclekit.methods.predict import Predict, split
from cyclekit.models import DISCRIMINATORS, Discriminator, ImageGenerator, make_translator
from cyclekit.models.sizes import Depth, Size
from cyclekit.registry import Spec


@METHODS.register("recycle")
class Recycle(Method):
    """Two translators of films that undo each other through time.

    L = L_GAN(G_ab, D_b) + L_GAN(G_ba, D_a)
      + recycle · (E |G_ba(P_b(G_ab(a_1), G_ab(a_2))) - a_3| + the same from b)    (equation 4)
      + l_P(P_a) + l_P(P_b)                                                        (equation 3)

    What is translated, predicted in the other world, and translated back must be what came next:
    so the translation keeps the motion. The paper squares the distance; here, as for a cycle, its
    absolute value is taken (L1). A predictor learns from its own domain
    alone, as in `predict`; only pictures are needed once all is learned.

    Args:
        generator: network of both translators.
        discriminator: network of all critics.
        adversarial: name of the adversarial loss, of all games.
        recycle: weight of the way through time; the paper uses 10.
        cycle: weight of CycleGAN's cycle on single frames; the paper has none.
        predictor_width: channels of the predictors' first layer.
        predictor_depth: halvings within the predictors.
        predictor_weight: of the predictors' adversarial loss; 0 leaves them to their square error.
        pool: fakes that each critic remembers.
    """

    data = "unpaired clips"

    def __init__(
        self,
        generator: Spec,
        discriminator: Spec,
        adversarial: str = "lsgan",
        recycle: float = 10.0,
        cycle: float = 0.0,
        predictor_width: Size = 32,
        predictor_depth: Depth = 4,
        predictor_weight: float = 0.1,
        pool: int = 50,
    ) -> None:
        super().__init__()
        require_weights(recycle=recycle, cycle=cycle, predictor_weight=predictor_weight)
        self.g_ab, self.g_ba = make_translator(generator), make_translator(generator)
        self.d_a: Discriminator = DISCRIMINATORS.create(discriminator)
        self.d_b: Discriminator = DISCRIMINATORS.create(discriminator)
        network = Spec("predictor", {"width": predictor_width, "depth": predictor_depth})
        self.next_a, self.next_b = (
            Predict(network, discriminator, adversarial, weight=predictor_weight) for _ in "ab"
        )
        self.adversarial = ADVERSARIAL_LOSSES.create(Spec(adversarial))
        self.pool_a, self.pool_b = ImagePool(pool), ImagePool(pool)
        self.recycle, self.cycle = recycle, cycle

    def phases(self) -> tuple[Phase, ...]:
        """Translators, then predictors, then critics."""
        critics = [one.critic for one in (self.next_a, self.next_b) if one.critic is not None]
        return (
            Phase("generators", (self.g_ab, self.g_ba)),
            Phase("predictors", (self.next_a.predictor, self.next_b.predictor)),
            Phase("discriminators", (self.d_a, self.d_b, *critics)),
        )

    def translators(self) -> dict[str, ImageGenerator]:
        """Return both directions."""
        return {"ab": self.g_ab, "ba": self.g_ba}

    def critics(self) -> dict[str, Discriminator]:
        """Return the critic of each domain's pictures; nobody if they only compare."""
        return {} if self.d_a.compares else {"a": self.d_a, "b": self.d_b}

    def translations(self, batch: Batch, images: Images) -> dict[str, Translation]:
        """Return what the translators do to every frame."""
        return {
            "ab": Translation(self.g_ab, self.g_ab, _frames(batch["a"]), images["fake_b"]),
            "ba": Translation(self.g_ba, self.g_ba, _frames(batch["b"]), images["fake_a"]),
        }

    def forward(self, batch: Batch, seed: int = 0) -> Images:
        """Translate every frame, predict there, come back: G_ba(P_b(G_ab(a_1), G_ab(a_2)))."""
        a, b = batch["a"], batch["b"]
        images = {
            "fake_b": self.g_ab(_frames(a)),
            "fake_a": self.g_ba(_frames(b)),
            "next_a": self.next_a({"clip": a})["next"],
            "next_b": self.next_b({"clip": b})["next"],
        }
        past_b, _ = split(_clips(images["fake_b"]))
        past_a, _ = split(_clips(images["fake_a"]))
        images["again_a"] = self.g_ba(self.next_b.predictor(past_b))
        images["again_b"] = self.g_ab(self.next_a.predictor(past_a))
        if self.cycle:
            images["cycle_a"] = self.g_ba(images["fake_b"])
            images["cycle_b"] = self.g_ab(images["fake_a"])
        return images

    def losses(self, phase: str, batch: Batch, images: Images, seed: int) -> Losses:
        """Return one player's share of L."""
        if phase == "generators":
            return self._generator_losses(batch, images)
        if phase == "predictors":
            return self._predictors("generators", batch, images, seed)
        own = self._discriminator_losses(batch, images, seed)
        if self.next_a.critic is None:
            return own
        return own | self._predictors("discriminators", batch, images, seed)

    def _generator_losses(self, batch: Batch, images: Images) -> Losses:
        a, b = batch["a"], batch["b"]
        losses = {
            "gan_ab": self.adversarial.generator(self.d_b(images["fake_b"]).float()),
            "gan_ba": self.adversarial.generator(self.d_a(images["fake_a"]).float()),
            "recycle_a": self.recycle * l1(images["again_a"], split(a)[1]),
            "recycle_b": self.recycle * l1(images["again_b"], split(b)[1]),
        }
        if self.cycle:
            losses["cycle_a"] = self.cycle * l1(images["cycle_a"], _frames(a))
            losses["cycle_b"] = self.cycle * l1(images["cycle_b"], _frames(b))
        return losses

    def _predictors(self, phase: str, batch: Batch, images: Images, seed: int) -> Losses:
        losses: Losses = {}
        for name, game in (("a", self.next_a), ("b", self.next_b)):
            # Predicted anew: in `forward` only the translators were on the graph.
            clip = {"clip": batch[name]}
            made = game(clip) if phase == "generators" else {"next": images[f"next_{name}"]}
            found = game.losses(phase, clip, made, seed)
            losses |= {f"next_{name}_{key}": loss for key, loss in found.items()}
        return losses

    def _discriminator_losses(self, batch: Batch, images: Images, seed: int) -> Losses:
        losses = {}
        for name, critic, pool, shift in (
            ("a", self.d_a, self.pool_a, 0),
            ("b", self.d_b, self.pool_b, 1),
        ):
            # Frame by frame, as every process has the same frames of its own clips in a row.
            fakes = images[f"fake_{name}"].chunk(3)
            old = torch.cat([pool(one, 3 * (seed + shift) + k) for k, one in enumerate(fakes)])
            on_real, on_fake = critic(_frames(batch[name])).float(), critic(old).float()
            losses[f"d_{name}"] = self.adversarial.discriminator(on_real, on_fake)
        return losses


def _frames(clip: Tensor) -> Tensor:
    """Lay the frames of clips (N, 9, H, W) side by side in the batch, (3 N, 3, H, W)."""
    return torch.cat(clip.split(3, dim=1))


def _clips(frames: Tensor) -> Tensor:
    """Do the opposite of `_frames`."""
    return torch.cat(frames.chunk(3), dim=1)
