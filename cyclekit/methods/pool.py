"""A history of fakes, so that the discriminator does not forget old tricks."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, distributed, nn


class ImagePool(nn.Module):
    """Hand out new fakes half of the time, else older ones (https://arxiv.org/abs/1612.07828).

    Under several processes every process keeps the same pool of the whole batch, so that the
    number of processes does not change what is learned.

    Args:
        size: pictures kept; 0 hands every fake straight through.
    """

    def __init__(self, size: int = 50) -> None:
        super().__init__()
        if size < 0:
            raise ValueError(f"pool must be at least 0, got {size}")
        self.size = size
        self.images: list[Tensor] = []

    @torch.no_grad()
    def forward(self, fakes: Tensor, seed: int) -> Tensor:
        """Swap some of `fakes` (N, C, H, W) for older ones.

        Args:
            fakes: this process's part of the batch.
            seed: decides the draws; the same on every process.

        Returns:
            As many pictures, without a graph.
        """
        fakes = fakes.detach()
        if self.size == 0:
            return fakes
        draws = torch.Generator().manual_seed(seed)
        everyone = _gather(fakes)
        mine = _rank() * len(fakes)
        swapped = torch.stack([self._swap(fake, draws) for fake in everyone])
        chosen = swapped[mine : mine + len(fakes)]
        return chosen.contiguous(memory_format=torch.channels_last)

    def _swap(self, fake: Tensor, draws: torch.Generator) -> Tensor:
        if len(self.images) < self.size:
            self.images.append(fake.clone())
            return fake
        if torch.rand((), generator=draws) < 0.5:
            return fake
        place = int(torch.randint(self.size, (), generator=draws))
        old, self.images[place] = self.images[place], fake.clone()
        return old

    def get_extra_state(self) -> dict[str, Any]:
        """Return the kept pictures, for the run's state."""
        return {"images": [image.cpu() for image in self.images]}

    def set_extra_state(self, state: dict[str, Any]) -> None:
        """Take back what `get_extra_state` returned; pictures move to the fakes when used."""
        self.images = list(state["images"])

    def move(self, device: torch.device) -> None:
        """Bring the kept pictures to `device`, after a state was loaded."""
        self.images = [image.to(device) for image in self.images]


def _gather(fakes: Tensor) -> Tensor:
    if not distributed.is_initialized():
        return fakes
    parts = [torch.empty_like(fakes) for _ in range(distributed.get_world_size())]
    distributed.all_gather(parts, fakes.contiguous())
    return torch.cat(parts)


def _rank() -> int:
    return distributed.get_rank() if distributed.is_initialized() else 0
