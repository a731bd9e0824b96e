"""Numbers of a study as people read them."""

from __future__ import annotations


def percent(share: float | None) -> str:
    """Write a share in percent with one decimal."""
    return "" if share is None else f"{100 * share:.1f} %"


def between(interval: tuple[float, float] | None) -> str:
    """Write an interval of shares in percent."""
    return "" if interval is None else f"{100 * interval[0]:.1f} to {100 * interval[1]:.1f}"


def points(difference: float) -> str:
    """Write a difference of shares in points of percent, with its sign."""
    return f"{100 * difference:+.1f}"


def probability(p_value: float) -> str:
    """Write a p-value; very small ones as a bound."""
    return f"{p_value:.3f}" if p_value >= 0.001 else "< 0.001"


def seconds(value: float | None) -> str:
    """Write a time."""
    return "" if value is None else f"{value:.2f} s"
