"""One step of training, beside six passes in contiguous float32."""

from __future__ import annotations

from typing import Any

import torch
from plain_reference import PlainCycleGAN

from benches.measuring import DEVICE, Figures, in_turn
from cyclekit.config.resolve import parse_set, read_preset, resolve
from cyclekit.training.learner import build_learner
from cyclekit.training.precision import choose_precision
from cyclekit.training.step import train_step


def bench_train() -> list[Figures]:
    """Time one training step with ResNet-9 and identity, batch 1, at 128 and 256 px."""
    figures = []
    for side in (128, 256):
        config = resolve([read_preset("cyclegan"), parse_set(f"data.crop={side}")])
        learner = build_learner(config, DEVICE)
        plain = PlainCycleGAN(DEVICE)
        a, b = (torch.rand(1, 3, side, side, device=DEVICE) * 2 - 1 for _ in range(2))
        order = torch.channels_last
        batch = {"a": a.contiguous(memory_format=order), "b": b.contiguous(memory_format=order)}
        dtype = choose_precision("auto", DEVICE)

        def own(learner: Any = learner, batch: Any = batch, dtype: Any = dtype) -> None:
            train_step(learner.method, learner.optimizers, batch, seed=0, dtype=dtype)

        def reference(plain: Any = plain, a: Any = a, b: Any = b) -> None:
            plain.step(a, b)

        best = in_turn({"plain": reference, "own": own}, rounds=4)
        figures.append(
            {
                "side": side,
                "precision": str(dtype).removeprefix("torch."),
                "plain_s": round(best["plain"], 3),
                "own_s": round(best["own"], 3),
                "times_plain": round(best["plain"] / best["own"], 2),
            }
        )
    return figures
