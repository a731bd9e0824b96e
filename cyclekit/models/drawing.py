"""What networks draw at random in `forward`: a function of the pictures, whoever works on them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import torch
from torch import Tensor, nn

from cyclekit.models.processes import share, world

_TOGETHER: ContextVar[int] = ContextVar("_TOGETHER", default=0)


@contextmanager
def drawing_for(pictures: int) -> Iterator[None]:
    """Say how many pictures of a batch this process has, while networks work on them.

    A network may be given several such sets in one call, one after another: real pictures and made
    ones, or the frames of clips.
    """
    before = _TOGETHER.set(pictures)
    try:
        yield
    finally:
        _TOGETHER.reset(before)


def drawn(draw: Callable[[int], Tensor], rows: int) -> Tensor:
    """Draw for the pictures of all processes, and return those of this one.

    Every process must have seeded torch's own generator alike.

    Args:
        draw: makes numbers for so many pictures, (N, ...).
        rows: pictures that the network works on here.
    """
    together = _TOGETHER.get()
    if not together or rows % together:
        together = rows
    sets = [share(draw(together * world())) for _ in range(rows // together)]
    return torch.cat(sets)


class Dropout(nn.Dropout):
    """Dropout that leaves out the same for a picture, however many processes share the batch."""

    def forward(self, x: Tensor) -> Tensor:
        """Set values of (N, C, H, W) to 0 with probability `p`, and scale the others up."""
        if not self.training or not self.p:
            return x
        kept = 1 - self.p
        mask = drawn(lambda rows: x.new_empty(rows, *x.shape[1:]).bernoulli_(kept), len(x))
        return x * mask / kept if kept else x * mask
