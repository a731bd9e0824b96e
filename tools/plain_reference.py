"""What cyclekit's speed is measured against: the usual arithmetic, in torch's own layers.

CycleGAN as its paper's code does it: contiguous float32, eager, torch's instance norm, biases
everywhere, six generator passes one after another (https://arxiv.org/abs/1703.10593).
"""

from __future__ import annotations

import itertools

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Block(nn.Module):
    """A residual block."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.ReflectionPad2d(1),
            nn.Conv2d(channels, channels, 3),
            nn.InstanceNorm2d(channels),
            nn.ReLU(inplace=True),
            nn.ReflectionPad2d(1),
            nn.Conv2d(channels, channels, 3),
            nn.InstanceNorm2d(channels),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to the same shape."""
        return x + self.body(x)


def plain_resnet(blocks: int = 9) -> nn.Sequential:
    """Build the ResNet generator of width 64."""

    def convolved(conv: nn.Module, channels: int) -> list[nn.Module]:
        return [conv, nn.InstanceNorm2d(channels), nn.ReLU(inplace=True)]

    return nn.Sequential(
        nn.ReflectionPad2d(3),
        *convolved(nn.Conv2d(3, 64, 7), 64),
        *convolved(nn.Conv2d(64, 128, 3, 2, 1), 128),
        *convolved(nn.Conv2d(128, 256, 3, 2, 1), 256),
        *(Block(256) for _ in range(blocks)),
        *convolved(nn.ConvTranspose2d(256, 128, 3, 2, 1, 1), 128),
        *convolved(nn.ConvTranspose2d(128, 64, 3, 2, 1, 1), 64),
        nn.ReflectionPad2d(3),
        nn.Conv2d(64, 3, 7),
        nn.Tanh(),
    )


def plain_patch() -> nn.Sequential:
    """Build the 70 px PatchGAN of width 64."""
    steps: list[nn.Module] = [nn.Conv2d(3, 64, 4, 2, 1), nn.LeakyReLU(0.2, inplace=True)]
    for inside, outside, stride in ((64, 128, 2), (128, 256, 2), (256, 512, 1)):
        conv = nn.Conv2d(inside, outside, 4, stride, 1)
        steps += [conv, nn.InstanceNorm2d(outside), nn.LeakyReLU(0.2, inplace=True)]
    return nn.Sequential(*steps, nn.Conv2d(512, 1, 4, 1, 1))


class PlainCycleGAN:
    """One training step, pass after pass."""

    def __init__(self, device: torch.device) -> None:
        self.g_ab, self.g_ba = plain_resnet().to(device), plain_resnet().to(device)
        self.d_a, self.d_b = plain_patch().to(device), plain_patch().to(device)
        generators = itertools.chain(self.g_ab.parameters(), self.g_ba.parameters())
        critics = itertools.chain(self.d_a.parameters(), self.d_b.parameters())
        self.generator_optimizer = torch.optim.Adam(generators, 2e-4, (0.5, 0.999))
        self.critic_optimizer = torch.optim.Adam(critics, 2e-4, (0.5, 0.999))

    def step(self, a: Tensor, b: Tensor) -> None:
        """Learn from one picture of each domain."""
        fake_b = self.g_ab(a)
        cycle_a = self.g_ba(fake_b)
        fake_a = self.g_ba(b)
        cycle_b = self.g_ab(fake_a)
        self._critics_learn(False)
        self.generator_optimizer.zero_grad()
        same_b, same_a = self.g_ab(b), self.g_ba(a)
        loss = _least_squares(self.d_b(fake_b), 1) + _least_squares(self.d_a(fake_a), 1)
        loss = loss + 10 * F.l1_loss(cycle_a, a) + 10 * F.l1_loss(cycle_b, b)
        loss = loss + 5 * F.l1_loss(same_a, a) + 5 * F.l1_loss(same_b, b)
        loss.backward()
        self.generator_optimizer.step()
        self._critics_learn(True)
        self.critic_optimizer.zero_grad()
        for critic, real, fake in ((self.d_a, a, fake_a), (self.d_b, b, fake_b)):
            on_real, on_fake = critic(real), critic(fake.detach())
            ((_least_squares(on_real, 1) + _least_squares(on_fake, 0)) / 2).backward()
        self.critic_optimizer.step()

    def _critics_learn(self, flag: bool) -> None:
        for critic in (self.d_a, self.d_b):
            critic.requires_grad_(flag)


def _least_squares(judged: Tensor, target: float) -> Tensor:
    return F.mse_loss(judged, torch.full_like(judged, target))
