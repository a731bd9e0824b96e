"""Dual contrastive learning (https://arxiv.org/abs/2104.07689)."""

from __future__ import annotations

import torch
from torch import Tensor

from cyclekit.losses import ADVERSARIAL_LOSSES
from cyclekit.losses.reconstruction import l1
from cyclekit.methods.base import METHODS, Batch, Images, Losses, Method, Phase
from cyclekit.methods.bounds import require_weights
from cyclekit.methods.contrast import PUBLISHED, Contrast, choose_layers, count_channels
from cyclekit.methods.judging import judge
from cyclekit.methods.pool import ImagePool
from cyclekit.models import DISCRIMINATORS, Discriminator, ImageGenerator, make_translator
from cyclekit.models.patches import PatchHeads
from cyclekit.models.taps import tap
from cyclekit.registry import Spec


@METHODS.register("dclgan")
class DCLGAN(Method):
    """Two translators, each domain with an embedding of its own, and patches instead of a cycle.

    L = L_GAN(G_ab, D_b) + L_GAN(G_ba, D_a)
      + nce · (NCE(F_a E_ab(a), F_b E_ba(G_ab(a))) + NCE(F_b E_ba(b), F_a E_ab(G_ba(b))))
      + identity · (E |G_ab(b) - b| + E |G_ba(a) - a|)

    E is the first half of a generator, F a small network. (The published code halves all of L,
    which Adam does not see.)

    Args:
        generator: network of both translators.
        discriminator: network of both critics.
        adversarial: name of the adversarial loss.
        nce: weight of both NCE; the paper uses 2.
        identity: weight of the identity; the paper uses 1, 0 for none.
        layers: names of the layers that are compared; None takes those of the published four
            (down.0.0, down.1.0, blocks.0, blocks.4) that the generator has.
        patches: places compared in each layer.
        temperature: softness of the choice.
        embedding: length of the vectors that F makes.
        pool: fakes that each critic remembers.
    """

    data = "unpaired"

    def __init__(
        self,
        generator: Spec,
        discriminator: Spec,
        adversarial: str = "lsgan",
        nce: float = 2.0,
        identity: float = 1.0,
        layers: list[str] | None = None,
        patches: int = 256,
        temperature: float = 0.07,
        embedding: int = 256,
        pool: int = 0,
    ) -> None:
        super().__init__()
        require_weights(nce=nce, identity=identity)
        self.g_ab = make_translator(generator, "ab")
        self.g_ba = make_translator(generator, "ba")
        self.d_a: Discriminator = DISCRIMINATORS.create(discriminator)
        self.d_b: Discriminator = DISCRIMINATORS.create(discriminator)
        self.layers = choose_layers(self.g_ab, layers, PUBLISHED[1:])
        channels = count_channels(self.g_ab, self.layers)
        self.f_a, self.f_b = PatchHeads(channels, embedding), PatchHeads(channels, embedding)
        self.contrast = Contrast(patches, temperature, "picture")
        self.adversarial = ADVERSARIAL_LOSSES.create(Spec(adversarial))
        self.pool_a, self.pool_b = ImagePool(pool), ImagePool(pool)
        self.nce, self.identity = nce, identity

    def phases(self) -> tuple[Phase, ...]:
        """Generators and embeddings first, critics second."""
        return (
            Phase("generators", (self.g_ab, self.g_ba, self.f_a, self.f_b)),
            Phase("discriminators", (self.d_a, self.d_b)),
        )

    def translators(self) -> dict[str, ImageGenerator]:
        """Return both directions."""
        return {"ab": self.g_ab, "ba": self.g_ba}

    def critics(self) -> dict[str, Discriminator]:
        """Return the critic of each domain; nobody if they only compare pictures."""
        return {} if self.d_a.compares else {"a": self.d_a, "b": self.d_b}

    def forward(self, batch: Batch, seed: int = 0) -> Images:
        """Translate: fake_b = G_ab(a), fake_a = G_ba(b), same_b = G_ab(b), same_a = G_ba(a)."""
        a, b = batch["a"], batch["b"]
        if not self.identity:
            return {"fake_b": self.g_ab(a), "fake_a": self.g_ba(b)}
        fake_b, same_b = self.g_ab(torch.cat([a, b])).chunk(2)
        fake_a, same_a = self.g_ba(torch.cat([b, a])).chunk(2)
        return {"fake_b": fake_b, "fake_a": fake_a, "same_b": same_b, "same_a": same_a}

    def losses(self, phase: str, batch: Batch, images: Images, seed: int) -> Losses:
        """Return one player's share of L."""
        a, b, fake_a, fake_b = batch["a"], batch["b"], images["fake_a"], images["fake_b"]
        if phase == "discriminators":
            old_a, old_b = self.pool_a(fake_a, seed), self.pool_b(fake_b, seed + 1)
            return {
                "d_a": self.adversarial.discriminator(*judge(self.d_a, a, old_a)),
                "d_b": self.adversarial.discriminator(*judge(self.d_b, b, old_b)),
            }
        losses = {
            "gan_ab": self.adversarial.generator(self.d_b(fake_b).float()),
            "gan_ba": self.adversarial.generator(self.d_a(fake_a).float()),
        }
        if self.nce:
            ways = (self.g_ab, self.f_a), (self.g_ba, self.f_b)
            losses["nce_ab"] = self.nce * self._nce(a, fake_b, *ways, seed)
            losses["nce_ba"] = self.nce * self._nce(b, fake_a, *ways[::-1], seed + 1)
        if self.identity:
            losses["identity_b"] = self.identity * l1(images["same_b"], b)
            losses["identity_a"] = self.identity * l1(images["same_a"], a)
        return losses

    def _nce(
        self,
        source: Tensor,
        output: Tensor,
        of_source: tuple[ImageGenerator, PatchHeads],
        of_output: tuple[ImageGenerator, PatchHeads],
        seed: int,
    ) -> Tensor:
        """NCE(F E(source), F' E'(output)), each domain by its own E and F."""
        (encode, embed), (encode_output, embed_output) = of_source, of_output
        keys = [key.detach() for key in tap(encode, self.layers, source)]
        places = self.contrast.places(keys, seed)
        queries = embed_output(tap(encode_output, self.layers, output), places)
        return self.contrast(queries, embed(keys, places))
