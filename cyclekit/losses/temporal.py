"""Motion that is made up: pictures that move as frames of a film would, without a film."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F


def smooth_flow(coarse: Tensor, height: int, width: int) -> Tensor:
    """Spread few random shifts smoothly over pictures.

    Args:
        coarse: shifts right and down in px at the points of a coarse grid, (N, 2, h, w).
        height: rows of the pictures.
        width: columns of the pictures.

    Returns:
        Shifts of all pixels, float32 (N, 2, height, width).
    """
    return F.interpolate(coarse.float(), (height, width), mode="bicubic", align_corners=True)


def moved(pictures: Tensor, flow: Tensor) -> Tensor:
    """Fetch each pixel from where the flow says that it is; the border goes on beyond the edge.

    Args:
        pictures: (N, C, H, W).
        flow: (N, 2, H, W), px.

    Returns:
        The same shape, float32; cubic between pixels, because averages would blur.
    """
    return F.grid_sample(
        pictures.float(), _places(flow), mode="bicubic", padding_mode="border", align_corners=True
    )


def seen(flow: Tensor) -> Tensor:
    """Say which pixels come from inside the picture: 1 or 0, float32 (N, 1, H, W)."""
    return (_places(flow).abs().amax(3) <= 1).float()[:, None]


def inconsistency(after_motion: Tensor, before_motion: Tensor, flow: Tensor) -> Tensor:
    """Mean |G(flow(x)) - flow(G(x))| where the flow stays inside the picture.

    Args:
        after_motion: what the network makes of moved pictures, G(flow(x)), (N, C, H, W).
        before_motion: what it makes of the pictures themselves, G(x), the same shape.
        flow: (N, 2, H, W), px.

    Returns:
        A scalar, in units of [-1, 1].
    """
    inside = seen(flow)
    difference = (after_motion.float() - moved(before_motion, flow)).abs().mean(1, keepdim=True)
    return (inside * difference).sum() / inside.sum().clamp_min(1)


def _places(flow: Tensor) -> Tensor:
    """Turn shifts in px into the coordinates of `grid_sample`: -1 to 1 from edge to edge."""
    height, width = flow.shape[2:]
    rows = torch.arange(height, device=flow.device, dtype=torch.float32)
    columns = torch.arange(width, device=flow.device, dtype=torch.float32)
    x = (columns + flow[:, 0].float()) * (2 / max(width - 1, 1)) - 1
    y = (rows[:, None] + flow[:, 1].float()) * (2 / max(height - 1, 1)) - 1
    return torch.stack([x, y], dim=3)
