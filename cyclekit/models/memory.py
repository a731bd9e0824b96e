"""Features of older pictures, so that a picture alone in its batch has others beside it."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from cyclekit.models.processes import gather


class Memory(nn.Module):
    """The features of the last pictures of one origin (real, or generated).

    A discriminator that compares calls `recall` and `offer`; the method calls `keep` once a step,
    so that no picture is compared with itself. Every process keeps the whole batch's features.

    Args:
        pictures: how many are remembered; 0 remembers none.
    """

    def __init__(self, pictures: int) -> None:
        super().__init__()
        if pictures < 0:
            raise ValueError(f"memory must be at least 0, got {pictures}")
        self.pictures = pictures
        self.kept: Tensor | None = None
        self._offered: Tensor | None = None

    def recall(self, like: Tensor) -> Tensor | None:
        """Return what is kept, (M, ...) with M up to `pictures`, in the type and place of `like`."""
        return None if self.kept is None else self.kept.to(like.device, like.dtype)

    def offer(self, features: Tensor) -> None:
        """Hold this process's features (N, ...) ready to be kept."""
        self._offered = features.detach()

    @torch.no_grad()
    def keep(self) -> None:
        """Keep what was offered last, and forget the oldest."""
        if self._offered is None or not self.pictures:
            return
        newest = gather(self._offered.float())
        older = self.recall(newest)
        everything = newest if older is None else torch.cat([older, newest])
        self.kept, self._offered = everything[-self.pictures :], None

    def get_extra_state(self) -> dict[str, Any]:
        """Return what is kept, for the run's state."""
        return {"kept": None if self.kept is None else self.kept.cpu()}

    def set_extra_state(self, state: dict[str, Any]) -> None:
        """Take back what `get_extra_state` returned."""
        self.kept = state["kept"]
