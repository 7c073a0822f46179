"""Distances between two sets of embedded sounds."""

from __future__ import annotations

import numpy as np


def pairwise(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """[n, m] root-mean-square differences of [n, d] and [m, d]: dB a cell, for embedded sounds."""
    a, b = a.astype(np.float64), b.astype(np.float64)
    squared = (a**2).sum(1)[:, None] + (b**2).sum(1)[None] - 2 * a @ b.T
    return np.sqrt(squared.clip(0) / a.shape[1])


def _between_members(distances: np.ndarray, who: np.ndarray | None = None) -> float:
    """Mean over the pairs of two different members of one set. who: [n], equal where two rows are the same sound."""
    who = np.arange(len(distances)) if who is None else who
    different = who[:, None] != who[None]
    return float(distances[different].mean())


def energy_distance(real: np.ndarray, generated: np.ndarray) -> float:
    """2 E|x - y| - E|x - x'| - E|y - y'| of two sets, [n, d] and [m, d], n, m >= 2; in dB a cell.

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
    """Mean distance between two sounds of a set, in dB a cell. [n, d], n >= 2."""
    return _between_members(pairwise(embedded, embedded))
