"""What the sizes of a network may be; the annotations of its options say it, the registry checks it."""

from __future__ import annotations

from typing import Annotated

from cyclekit.registry import Bounds

Size = Annotated[int, Bounds(1, 65536)]
"""Channels, values, px: there must be some; more is a slip, told before memory is taken."""
Length = Annotated[int, Bounds(0, 65536)]
"""Classes, values of a style: there may be none."""
Layers = Annotated[int, Bounds(1, 1000)]
"""Layers, of which there must be one."""
Blocks = Annotated[int, Bounds(0, 1000)]
"""Layers, of which there may be none."""
Depth = Annotated[int, Bounds(2, 16)]
"""Halvings and doublings of a U-Net."""
Share = Annotated[float, Bounds(0, 1)]
"""Probability."""
