"""What generators share that add what they make to the picture that they are given."""

from __future__ import annotations


def require_as_many_channels(in_channels: int, out_channels: int) -> None:
    """Refuse pictures that cannot be added to each other.

    Raises:
        ValueError: if they have not as many channels.
    """
    if in_channels != out_channels:
        raise ValueError(f"skip needs as many channels out as in, {out_channels} != {in_channels}")
