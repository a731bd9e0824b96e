"""Contrastive unpaired translation (https://arxiv.org/abs/2007.15651)."""

from __future__ import annotations

from torch import Tensor

from cyclekit.losses import ADVERSARIAL_LOSSES
from cyclekit.losses.reconstruction import l1
from cyclekit.methods.base import METHODS, Batch, Images, Losses, Method, Phase, Translation
from cyclekit.methods.bounds import require_shares, require_weights
from cyclekit.methods.contrast import Contrast, Negatives, choose_layers, count_channels
from cyclekit.methods.draws import Draws
from cyclekit.methods.judging import judge
from cyclekit.methods.lazy_penalty import LazyPenalty
from cyclekit.methods.pool import ImagePool
from cyclekit.models import DISCRIMINATORS, Discriminator, ImageGenerator, make_translator
from cyclekit.models.patches import PatchHeads
from cyclekit.models.taps import tap
from cyclekit.registry import Spec


@METHODS.register("cut")
class CUT(Method):
    """One translator, whose output keeps every patch recognisable; no way back is learned.

    L = L_GAN(G, D) + nce · NCE(a, G(a)) + nce_identity · NCE(b, G(b)) + identity · E |G(b) - b|

    NCE(x, y) asks every patch of y for the patch of x at its place, among other patches of x, by
    what the first half of G itself sees there, in several layers, through a small network F.

    FastCUT is nce 10, nce_identity 0, flip_equivariance 0.5; SinCUT, for one picture a domain, is
    nce 2, nce_identity 2, identity 1, one patch with all others of the batch as negatives, and r1.

    Args:
        generator: network of the translator.
        discriminator: network of the critic.
        adversarial: name of the adversarial loss.
        nce: weight of NCE(a, G(a)); the published code halves the paper's 1.
        nce_identity: weight of NCE(b, G(b)); likewise.
        identity: weight of E |G(b) - b|, 0 for none.
        layers: names of the layers that are compared; None takes those of the published five
            (picture, down.0.0, down.1.0, blocks.0, blocks.4) that the generator has.
        patches: places compared in each layer.
        temperature: softness of the choice.
        negatives: whose patches a patch is told from: picture | batch.
        embedding: length of the vectors that F makes.
        flip_equivariance: probability that G sees a mirrored, while NCE compares the output,
            mirrored back, with a itself.
        pool: fakes that the critic remembers; the paper uses none.
        penalty: gradient penalty of the critic: none, or its name.
        penalty_weight: of the penalty; of r1 and r2, gamma.
        penalty_every: steps between two penalties; each then weighs as many times as much.
    """

    data = "unpaired"

    def __init__(
        self,
        generator: Spec,
        discriminator: Spec,
        adversarial: str = "lsgan",
        nce: float = 0.5,
        nce_identity: float = 0.5,
        identity: float = 0.0,
        layers: list[str] | None = None,
        patches: int = 256,
        temperature: float = 0.07,
        negatives: Negatives = "picture",
        embedding: int = 256,
        flip_equivariance: float = 0.0,
        pool: int = 0,
        penalty: str = "none",
        penalty_weight: float = 1.0,
        penalty_every: int = 16,
    ) -> None:
        super().__init__()
        require_weights(nce=nce, nce_identity=nce_identity, identity=identity)
        require_shares(flip_equivariance=flip_equivariance)
        self.g_ab = make_translator(generator, "ab")
        self.d_b: Discriminator = DISCRIMINATORS.create(discriminator)
        self.layers = choose_layers(self.g_ab, layers)
        self.heads = PatchHeads(count_channels(self.g_ab, self.layers), embedding)
        self.contrast = Contrast(patches, temperature, negatives)
        self.adversarial = ADVERSARIAL_LOSSES.create(Spec(adversarial))
        self.penalty = LazyPenalty(penalty, penalty_weight, penalty_every)
        self.pool_b = ImagePool(pool)
        self.nce, self.nce_identity, self.identity = nce, nce_identity, identity
        self.flip_equivariance = flip_equivariance

    def phases(self) -> tuple[Phase, ...]:
        """G and F first, critic second: the same fakes serve both."""
        return (
            Phase("generators", (self.g_ab, self.heads)),
            Phase("discriminators", (self.d_b,)),
        )

    def translators(self) -> dict[str, ImageGenerator]:
        """Return the only direction."""
        return {"ab": self.g_ab}

    def critics(self) -> dict[str, Discriminator]:
        """Return the critic; nobody if it only compares pictures."""
        return {} if self.d_b.compares else {"b": self.d_b}

    def translations(self, batch: Batch, images: Images) -> dict[str, Translation]:
        """Return what the translator does; what it made may have been of a mirrored a."""
        made = None if self.flip_equivariance else images["fake_b"]
        return {"ab": Translation(self.g_ab, self.g_ab, batch["a"], made)}

    def forward(self, batch: Batch, seed: int = 0) -> Images:
        """Translate: fake_b = G(a), of a mirrored a if a coin says so, and same_b = G(b)."""
        a, b = batch["a"], batch["b"]
        seen = a.flip(3) if self._mirrored(seed, a) else a
        images = {"fake_b": self.g_ab(seen)}
        if self.nce_identity or self.identity:
            # A call of its own: where a norm looks at the batch, the domains must not mix.
            images["same_b"] = self.g_ab(b)
        return images

    def losses(self, phase: str, batch: Batch, images: Images, seed: int) -> Losses:
        """Return one player's share of L."""
        if phase == "discriminators":
            return self._critic_losses(batch["b"], self.pool_b(images["fake_b"], seed), seed)
        a, b, fake_b = batch["a"], batch["b"], images["fake_b"]
        losses = {"gan_ab": self.adversarial.generator(self.d_b(fake_b).float())}
        if self.nce:
            mirrored = self._mirrored(seed, a)
            losses["nce"] = self.nce * self._nce(a, fake_b, seed, mirrored=mirrored)
        if self.nce_identity:
            losses["nce_identity"] = self.nce_identity * self._nce(b, images["same_b"], seed + 1)
        if self.identity:
            losses["identity_b"] = self.identity * l1(images["same_b"], b)
        return losses

    def _nce(self, source: Tensor, output: Tensor, seed: int, *, mirrored: bool = False) -> Tensor:
        """NCE(source, output); a mirrored output is mirrored back among the features."""
        queries = tap(self.g_ab, self.layers, output)
        if mirrored:
            queries = [query.flip(3) for query in queries]
        keys = [key.detach() for key in tap(self.g_ab, self.layers, source)]
        places = self.contrast.places(keys, seed)
        return self.contrast(self.heads(queries, places), self.heads(keys, places))

    def _mirrored(self, seed: int, like: Tensor) -> bool:
        return Draws(seed, "mirror", like).coin() < self.flip_equivariance

    def _critic_losses(self, real: Tensor, fake: Tensor, seed: int) -> Losses:
        losses = {"d_b": self.adversarial.discriminator(*judge(self.d_b, real, fake))}
        if self.penalty.is_due(self.moment.step):
            losses["penalty_b"] = self.penalty(self.d_b, real, fake, seed)
        return losses
