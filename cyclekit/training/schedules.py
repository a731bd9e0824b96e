"""The learning rate as a function of progress."""

from __future__ import annotations

from cyclekit.training.progress import Progress


def rate_factor(progress: Progress, hold: float) -> float:
    """Return the share of the full rate: constant, then in a line to 0 (CycleGAN, appendix 7.1).

    Args:
        progress: the moment.
        hold: share of the run at the full rate.
    """
    if progress.share <= hold or hold >= 1:
        return 1.0
    return (1 - progress.share) / (1 - hold)
