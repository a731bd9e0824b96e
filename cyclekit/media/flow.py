"""Optical flow between two frames, and what can be trusted of it (OpenCV's DIS)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cyclekit.media.picture import Array

Flow = NDArray[np.float32]
"""Pixels to go, right and down, (H, W, 2)."""
SENSITIVITY = 50.0
"""Of the weight to differences in brightness, for values from 0 to 1 (Lai et al. 2018, eq. 3)."""


def find_flow(frame: Array, other: Array) -> Flow:
    """Say for each pixel of `frame` where in `other` it is (https://arxiv.org/abs/1603.03590).

    Args:
        frame: uint8 RGB, (H, W, 3), at least 16 pixels a side.
        other: the same size.
    """
    import cv2

    grays = [cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) for image in (frame, other)]
    search: Any = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
    return np.asarray(search.calc(grays[0], grays[1], None), np.float32)


def warp(image: Any, flow: Flow) -> Any:
    """Fetch each pixel from where the flow says that it is.

    Args:
        image: the `other` frame of the flow, or what was made of it, (H, W) or (H, W, C).
        flow: (H, W, 2).

    Returns:
        `image` as seen from `frame`, of its own type; the border goes on beyond the edge.
    """
    import cv2

    height, width = flow.shape[:2]
    columns, rows = np.meshgrid(
        np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)
    )
    return cv2.remap(
        image, columns + flow[..., 0], rows + flow[..., 1], cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )  # fmt: skip


def trust(frame: Array, other: Array, flow: Flow) -> NDArray[np.float32]:
    """Weigh how well the flow explains `frame`: M = exp(-50 |I - warp(I')|^2).

    The non-occlusion mask of Lai et al. 2018 (https://arxiv.org/abs/1808.00449, eq. 3).

    Args:
        frame: uint8 RGB, (H, W, 3).
        other: the same size.
        flow: from `frame` to `other`.

    Returns:
        float32 (H, W): 1 where colours agree, towards 0 where something was hidden.
    """
    change = frame.astype(np.float32) - warp(other, flow).astype(np.float32)
    squared = ((change / 255) ** 2).sum(axis=2)
    return np.asarray(np.exp(-SENSITIVITY * squared), np.float32)
