"""The mean of a figure that was measured in several folds with several seeds, and how far it can be relied on.

Folds differ by their sounds and seeds by their training, and each fold meets every seed. Both are random here, so the
variance of the mean is that of a two-way layout without replication, (MS_folds + MS_seeds - MS_rest) / (folds seeds),
with the degrees of freedom of Satterthwaite (1946, doi.org/10.2307/3002019). A bootstrap of four folds would be too
sure.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import stdtrit


class Crossed(NamedTuple):
    """A mean and its 95 % interval; NaN where one fold and one seed are all."""

    value: float
    low: float
    high: float


def crossed_mean(values: np.ndarray) -> Crossed:
    """The mean of values [folds, seeds], with Student's interval over both, or over the one that there are several of.

    >>> [round(x, 2) for x in crossed_mean(np.array([[1.0, 2.0, 3.0]]))]
    [2.0, -0.48, 4.48]
    """
    folds, seeds = values.shape
    mean = float(values.mean())
    by_fold, by_seed = values.mean(axis=1) - mean, values.mean(axis=0) - mean
    squares = [seeds * (by_fold**2).sum(), folds * (by_seed**2).sum()]
    squares.append(((values - mean - by_fold[:, None] - by_seed) ** 2).sum())
    freedom = [folds - 1, seeds - 1, (folds - 1) * (seeds - 1)]
    known = [(float(square) / df, df) for square, df in zip(squares, freedom, strict=True) if df]
    if not known:
        return Crossed(mean, np.nan, np.nan)
    if len(known) == 1:
        total, df = known[0][0], float(known[0][1])
    else:
        rest = known[-1][0]
        total = max(known[0][0] + known[1][0] - rest, rest)
        df = total**2 / max(sum(square**2 / df for square, df in known), 1e-300)
        df = max(df, float(min(folds, seeds) - 1))
    half = float(stdtrit(df, 0.975)) * np.sqrt(total / values.size)
    return Crossed(mean, mean - half, mean + half)
