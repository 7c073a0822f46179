"""Intervals by resampling the sounds (Efron 1979, doi.org/10.1214/aos/1176344552)."""

from __future__ import annotations

import numpy as np


def median_interval(values: np.ndarray, draws: int = 1000, seed: int = 0) -> tuple[float, tuple[float, float]]:
    """Median of [n] values and its 95 % percentile interval over `draws` resamplings. n >= 1, finite."""
    rng = np.random.default_rng(seed)
    medians = np.median(rng.choice(values, (draws, len(values))), axis=1)
    low, high = np.quantile(medians, [0.025, 0.975])
    return float(np.median(values)), (float(low), float(high))
