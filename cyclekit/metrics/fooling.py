"""How often people take fakes for real, and how sure that is."""

from __future__ import annotations

import math
from itertools import product
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
LEVEL = 0.95
"""Of every interval: how often it should hold the truth."""
REPEATS = 10_000
"""Bootstrap samples, as in the published analysis (github.com/phillipi/AMT_Real_vs_Fake)."""
_ENUMERATED = 12  # signs of so many participants are tried out one and all


def wilson_interval(fooled: int, trials: int, level: float = LEVEL) -> tuple[float, float]:
    """Bound a probability by what was counted (Wilson 1927); sensible at 0 and at `trials` too.

    Args:
        fooled: how often it happened, 0 to `trials`.
        trials: how often it could have.
        level: how often such an interval holds the truth.

    Returns:
        Lower and upper bound, 0 to 1.

    Raises:
        ValueError: if there are no trials.
    """
    if not 0 <= fooled <= trials or not trials:
        raise ValueError(f"expected 0 <= fooled <= trials and trials > 0, got {fooled} of {trials}")
    z = NormalDist().inv_cdf(0.5 + level / 2)
    share, more = fooled / trials, z * z / trials
    middle = (share + more / 2) / (1 + more)
    half = z / (1 + more) * math.sqrt(share * (1 - share) / trials + more / (4 * trials))
    # The bounds are exactly 0 and 1 there, but rounding does not know.
    low = 0.0 if fooled == 0 else middle - half
    return low, 1.0 if fooled == trials else middle + half


def bootstrap_rates(
    fooled: NDArray[np.int64],
    trials: NDArray[np.int64],
    repeats: int = REPEATS,
    seed: int = 0,
) -> Floats:
    """Draw participants with replacement, then the trials of each with replacement.

    The trials of a participant drawn with replacement hold a binomial number of fooled ones, so
    that number is drawn directly.

    Args:
        fooled: trials in which each participant was fooled, (P,).
        trials: trials of each participant, (P,), all > 0.
        repeats: number of samples.
        seed: decides the draws.

    Returns:
        The fooling rate of every sample, 0 to 1, (repeats,).
    """
    draws = np.random.default_rng(seed)
    who = draws.integers(0, len(trials), (repeats, len(trials)))
    again = draws.binomial(trials[who], (fooled / trials)[who])
    rates: Floats = again.sum(1) / trials[who].sum(1)
    return rates


def percentile_interval(samples: Floats, level: float = LEVEL) -> tuple[float, float]:
    """Return the bounds that leave out as many samples below as above."""
    outside = (1 - level) / 2
    low, high = np.quantile(samples, [outside, 1 - outside])
    return float(low), float(high)


def share_above(first: Floats, second: Floats) -> float:
    """Return how often a sample of the first (R,) is above that of the second; ties count half."""
    return float((np.sign(first - second) + 1).mean() / 2)


def sign_flip_p_value(rates: Floats, chance: float = 0.5, repeats: int = REPEATS) -> float:
    """Test whether participants' rates lie around `chance`, by flipping the signs of what is off.

    Participants are the units, so that the answer holds for people, not for these trials alone.
    All signs are tried out for up to twelve participants, else `repeats` of them are drawn.

    Args:
        rates: fooling rate of each participant, (P,).
        chance: the rate of who cannot tell.
        repeats: draws where there are many participants.

    Returns:
        The two-sided p-value; with P participants it is at least 2 / 2^P.
    """
    off = rates - chance
    if len(off) <= _ENUMERATED:
        signs = np.array([*product((-1.0, 1.0), repeat=len(off))])
        return _share_extreme(signs @ off, float(off.sum()), drawn=False)
    signs = np.random.default_rng(0).choice((-1.0, 1.0), (repeats, len(off)))
    return _share_extreme(signs @ off, float(off.sum()), drawn=True)


def permutation_p_value(first: Floats, second: Floats, repeats: int = REPEATS) -> float:
    """Test whether two methods fool alike, by dealing participants' rates out anew.

    Args:
        first: fooling rates of the participants who saw one method, (P,).
        second: of those who saw the other, (Q,).
        repeats: permutations drawn.

    Returns:
        The two-sided p-value, at least 1 / (repeats + 1).
    """
    both, draws = np.concatenate([first, second]), np.random.default_rng(0)
    order = draws.permuted(np.tile(both, (repeats, 1)), axis=1)
    by_chance = order[:, : len(first)].mean(1) - order[:, len(first) :].mean(1)
    return _share_extreme(by_chance, float(first.mean() - second.mean()), drawn=True)


def _share_extreme(by_chance: Floats, observed: float, *, drawn: bool) -> float:
    """Count what is as extreme; among drawn ones the observation itself is one more."""
    tolerance = 1e-12 + 1e-9 * abs(observed)  # rounding must not break ties
    extreme = int((np.abs(by_chance) >= abs(observed) - tolerance).sum())
    return (extreme + drawn) / (len(by_chance) + drawn)
