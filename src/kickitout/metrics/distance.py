"""Distances between two sets of embedded sounds: energy distance and kernel distance.

Both are unbiased for any number of sounds, and have no dimension to choose.
"""

from __future__ import annotations

import numpy as np

from kickitout.metrics.resampling import mean_between, mean_within


def pairwise(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """[n, m] root-mean-square differences of [n, d] and [m, d]; dB, over time-frequency cells, of embedded sounds."""
    a, b = a.astype(np.float64), b.astype(np.float64)
    squared = (a**2).sum(1)[:, None] + (b**2).sum(1)[None] - 2 * a @ b.T
    return np.sqrt(squared.clip(0) / a.shape[1])


def _between_members(distances: np.ndarray, who: np.ndarray | None = None) -> float:
    """Mean over the pairs of two different members of one set. who: [n], equal where two rows are the same sound."""
    who = np.arange(len(distances)) if who is None else who
    different = who[:, None] != who[None]
    return float(distances[different].mean())


def energy_distance(real: np.ndarray, generated: np.ndarray) -> float:
    """2 E|x - y| - E|x - x'| - E|y - y'| of two sets, [n, d] and [m, d], n, m >= 2; in dB.

    Székely & Rizzo 2013 (doi.org/10.1016/j.jspi.2013.03.018), as a U-statistic: unbiased for any n, so it serves small
    held-out sets, and slightly negative now and then when the sets are alike. Zero in expectation only for one
    distribution. It grows linearly with a fault, so one broken cell does not drown all others.
    """
    return energy_distance_of(pairwise(real, real), pairwise(real, generated), pairwise(generated, generated))


def energy_distance_of(
    rr: np.ndarray, rg: np.ndarray, gg: np.ndarray, r: np.ndarray | None = None, g: np.ndarray | None = None
) -> float:
    """The same from distances within and between the sets; r and g say which sounds a resampling has drawn."""
    return 2 * float(rg.mean()) - _between_members(rr, r) - _between_members(gg, g)


def diversity(embedded: np.ndarray) -> float:
    """Mean distance between two sounds of a set, in dB. [n, d], n >= 2."""
    return _between_members(pairwise(embedded, embedded))


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
    """[draws] energy distances (see `energy_distance`) from distances, for sounds drawn as counts say."""
    within = mean_within(rr, real_counts) + mean_within(gg, generated_counts)
    return 2 * mean_between(rg, real_counts, generated_counts) - within
