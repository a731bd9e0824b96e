"""What the numbers of a method may be, and how it is said that one is not."""

from __future__ import annotations


def require_weights(**weights: float | None) -> None:
    """Refuse weights below 0; None, which takes another's value, is none.

    Raises:
        ValueError: naming the first that does not fit.
    """
    for name, weight in weights.items():
        if weight is not None and not weight >= 0:  # NaN is not
            raise ValueError(f"{name} must be at least 0, got {weight:g}")


def require_shares(**shares: float) -> None:
    """Refuse shares and probabilities outside 0 to 1.

    Raises:
        ValueError: naming the first that does not fit.
    """
    for name, share in shares.items():
        if not 0 <= share <= 1:
            raise ValueError(f"{name} must be between 0 and 1, got {share:g}")
