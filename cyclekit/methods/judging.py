"""Critics: whose turn follows the generator's, and what they say of pictures."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from cyclekit.methods.base import Phase
from cyclekit.models import Discriminator, Memory


def turns(generator: nn.Module, critic: Discriminator | None) -> tuple[Phase, ...]:
    """Let the generator learn first and its critic second, if there is one."""
    first = Phase("generators", (generator,))
    return (first,) if critic is None else (first, Phase("discriminators", (critic,)))


def judge(
    critic: Discriminator,
    real: Tensor,
    fake: Tensor,
    real_memory: Memory | None = None,
    fake_memory: Memory | None = None,
) -> tuple[Tensor, Tensor]:
    """Judge both in one call, unless they would be compared with each other.

    Args:
        critic: the discriminator.
        real: pictures (N, C, H, W).
        fake: generated ones, without a graph; as many.
        real_memory: older real pictures, for critics that compare.
        fake_memory: older generated ones.

    Returns:
        Logits of the real and of the generated pictures, float32.
    """
    if critic.compares:
        on_real = critic(real, memory=real_memory).float()
        return on_real, critic(fake, memory=fake_memory).float()
    on_real, on_fake = critic(torch.cat([real, fake.to(real.dtype)])).float().chunk(2)
    return on_real, on_fake
