"""Other draws of the same sounds: what an interval is made of.

Two ways, both over groups of near-duplicates where they are known (rows of one group come and go together):

- `bootstrap_counts` (Efron 1979, doi.org/10.1214/aos/1176344552), for means over sounds and over pairs of sounds. A
  draw is how often each sound is in it, so a statistic of all draws is two matrix products, and a pair of a sound with
  its own copy is left out by its index, not by its distance.
- `half_masks` (McCarthy 1969, doi.org/10.2307/1402116), for statistics that a repeated sound would break: neighbours,
  covariances. Half of n without repetition scatters about the whole as much as n new sounds would:
  (2/n - 1/n) s^2 = s^2/n.

Both shift statistics that depend on n; `interval` takes only the scatter about the mean of the draws.
"""

from __future__ import annotations

import math

import numpy as np

NO_INTERVAL = (math.nan, math.nan)  # an interval nobody asked for


def own_groups(n: int, groups: np.ndarray | None) -> np.ndarray:
    """[n] group numbers from 0 on without gaps; each sound its own where there are none."""
    return np.arange(n) if groups is None else np.unique(groups, return_inverse=True)[1]


def groups_of_both(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """[n + m] group numbers of two sets, one behind the other, which have no group in common."""
    first, second = (np.unique(groups, return_inverse=True)[1] for groups in (a, b))
    return np.concatenate([first, first.max() + 1 + second])


def bootstrap_counts(n: int, draws: int, rng: np.random.Generator, groups: np.ndarray | None = None) -> np.ndarray:
    """[draws, n] float64: how often each sound is drawn, groups drawn whole and with repetition."""
    who = own_groups(n, groups)
    number = int(who.max()) + 1
    return rng.multinomial(number, np.full(number, 1 / number), size=draws)[:, who].astype(np.float64)


def half_masks(n: int, draws: int, rng: np.random.Generator, groups: np.ndarray | None = None) -> np.ndarray:
    """[draws, n] bool: half of the groups (rounded down, at least one) in each draw."""
    who = own_groups(n, groups)
    number = int(who.max()) + 1
    ranks = rng.random((draws, number)).argsort(axis=1, kind="stable").argsort(axis=1, kind="stable")
    return (ranks < max(number // 2, 1))[:, who]


def interval(
    value: float, drawn: np.ndarray, bounds: tuple[float, float] = (-math.inf, math.inf)
) -> tuple[float, float]:
    """95 % interval of a value from its resampled values [draws]; inside `bounds`, which the definition gives."""
    known = drawn[np.isfinite(drawn)]
    if len(known) < 2 or not math.isfinite(value):
        return NO_INTERVAL
    low, high = np.quantile(known - known.mean(), [0.025, 0.975]) + value
    return float(np.clip(low, *bounds)), float(np.clip(high, *bounds))


def median_interval(values: np.ndarray, draws: int = 1000, seed: int = 0) -> tuple[float, tuple[float, float]]:
    """Median of [n] values and its 95 % percentile interval over `draws` resamplings (Efron 1979). n >= 1, finite."""
    rng = np.random.default_rng(seed)
    medians = np.median(rng.choice(values, (draws, len(values))), axis=1)
    low, high = np.quantile(medians, [0.025, 0.975])
    return float(np.median(values)), (float(low), float(high))


def wilson(hits: float, n: int) -> tuple[float, float]:
    """95 % interval of a share of n sounds (Wilson 1927, doi.org/10.1080/01621459.1927.10502953): right at 0 and 1.

    >>> [round(x, 3) for x in wilson(0, 100)]
    [0.0, 0.037]
    """
    if n == 0:
        return NO_INTERVAL
    z, p = 1.96, hits / n
    middle = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z * math.sqrt(p * (1 - p) / n + z**2 / (4 * n**2)) / (1 + z**2 / n)
    return max(middle - half, 0.0), min(middle + half, 1.0)


def mean_within(pairs: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """[draws] mean of pairs [n, n] over pairs of two different sounds, drawn as counts [draws, n] says."""
    off = pairs - np.diag(np.diag(pairs))
    number = counts.sum(1) ** 2 - (counts**2).sum(1)
    return np.einsum("bn,bn->b", counts @ off, counts) / np.maximum(number, 1)


def mean_between(pairs: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """[draws] mean of pairs [n, m] over all pairs of a drawn row [draws, n] and a drawn column [draws, m]."""
    return np.einsum("bm,bm->b", rows @ pairs, columns) / (rows.sum(1) * columns.sum(1))
