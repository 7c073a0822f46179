"""Kernel distances of two sets of embedded sounds: unbiased for any number of sounds, no dimension to choose."""

from __future__ import annotations

import numpy as np

from kickitout.metrics.resampling import mean_between, mean_within


def standardise(points: np.ndarray, real: np.ndarray) -> np.ndarray:
    """[n, D] in units of the real set [m, D]: its mean becomes 0, its mean square a cell 1.

    The polynomial kernel has a scale of its own (x y / D against 1), so the embedding's must not matter.
    """
    mean = real.mean(axis=0, dtype=np.float64)
    scale = np.sqrt(((real - mean) ** 2).mean())
    return (points - mean) / max(float(scale), 1e-12)


def polynomial_kernel(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """[n, m] (x y / D + 1)^3 of [n, D] and [m, D]."""
    return (a @ b.T / a.shape[1] + 1) ** 3


def kernel_distance(real: np.ndarray, generated: np.ndarray) -> float:
    """Squared maximum mean discrepancy under the cubic kernel, an unbiased U-statistic: KID.

    Binkowski et al. 2018, arxiv.org/abs/1801.01401. [n, D], [m, D], n, m >= 2. No unit; lower is better; zero in
    expectation for one distribution, so it is negative half of the time when the sets are alike.
    """
    ones = np.ones((1, len(real))), np.ones((1, len(generated)))
    return float(kernel_distance_of(*kernel_matrices(real, generated), *ones)[0])


def kernel_matrices(real: np.ndarray, generated: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Kernel matrices real-real, real-generated, generated-generated, of standardised points."""
    r, g = standardise(real, real), standardise(generated, real)
    return polynomial_kernel(r, r), polynomial_kernel(r, g), polynomial_kernel(g, g)


def kernel_distance_of(
    rr: np.ndarray, rg: np.ndarray, gg: np.ndarray, real_counts: np.ndarray, generated_counts: np.ndarray
) -> np.ndarray:
    """[draws] the same from matrices, for sounds drawn as counts say; no sound is paired with itself."""
    within = mean_within(rr, real_counts) + mean_within(gg, generated_counts)
    return within - 2 * mean_between(rg, real_counts, generated_counts)


def energy_distance_drawn(
    rr: np.ndarray, rg: np.ndarray, gg: np.ndarray, real_counts: np.ndarray, generated_counts: np.ndarray
) -> np.ndarray:
    """[draws] energy distances (see `distance.energy_distance`) from distances, for sounds drawn as counts say."""
    within = mean_within(rr, real_counts) + mean_within(gg, generated_counts)
    return 2 * mean_between(rg, real_counts, generated_counts) - within
