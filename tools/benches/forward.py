"""One picture through ResNet-9, beside the same network in torch's own layers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from plain_reference import plain_resnet

from benches.measuring import DEVICE, Figures, in_turn, photograph
from cyclekit.models import GENERATORS, ImageGenerator
from cyclekit.models.initialize import initialize
from cyclekit.registry import Spec


def bench_forward() -> list[Figures]:
    """Time ResNet-9 at 256x256, one picture: the plain network against the Translator's."""
    from cyclekit.inference.precision import prepare
    from cyclekit.inference.translator import Translator
    from cyclekit.pixels import to_tensor

    plain = plain_resnet().to(DEVICE).eval()
    own, weights = _trained_resnet9()
    picture = np.random.default_rng(0).integers(0, 256, (256, 256, 3)).astype(np.uint8)
    x = to_tensor(picture)[None].to(DEVICE)
    translator = Translator(own)
    exact = Translator(own, precision="fp32")
    chosen = prepare(own, DEVICE, "auto")
    ready = x.to(chosen.dtype).contiguous(memory_format=torch.channels_last)
    with torch.inference_mode():
        best = in_turn(
            {
                "plain": lambda: plain(x.contiguous()),
                "network": lambda: chosen.network(ready),
                "picture": lambda: translator(picture),
            },
            rounds=12,
        )
    sample = photograph(256)
    change = np.abs(translator(sample).astype(int) - exact(sample).astype(int)).mean()
    return [
        {
            "weights": weights,
            "precision": f"{chosen.precision} ({chosen.reason})",
            "plain_ms": round(best["plain"] * 1e3, 1),
            "network_ms": round(best["network"] * 1e3, 1),
            "picture_ms": round(best["picture"] * 1e3, 1),
            "times_plain": round(best["plain"] / best["network"], 2),
            "levels_from_fp32": round(float(change), 3),
        }
    ]


def _trained_resnet9() -> tuple[ImageGenerator, str]:
    """Load the published generator beside the checkout; first weights where it is absent.

    The difference between number formats depends on the weights; trained ones are what counts.
    """
    from cyclekit.hub.open import open_generator

    path = Path(__file__).parents[3] / "shared/data/weights/vintagify-0.1.2-G_A2B.pth"
    if path.exists():
        return open_generator(path, None).generator, "vintagify"
    generator = GENERATORS.create(Spec("resnet9")).eval()
    initialize(generator)
    return generator, "untrained"
