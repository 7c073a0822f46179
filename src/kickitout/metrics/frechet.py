"""Frechet distance of two sets of embedded sounds, and what it would be with endlessly many of them.

    d^2 = |m_r - m_g|^2 + tr(C_r + C_g - 2 (C_r^1/2 C_g C_r^1/2)^1/2)

with means and covariances of the sets (Dowson & Landau 1982, doi.org/10.1016/0047-259X(82)90077-X; for generated images
Heusel et al. 2017, arxiv.org/abs/1706.08500). Unit: dB^2 a cell for an embedding in dB. Lower is better.

The sets are first projected on the leading principal axes of the REAL set, so that there are more sounds than
dimensions. What the reals never do and lies across all of these axes is not seen: the other scores watch for that.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

DIMENSION = 16  # axes: 80 to 90 % of the variance of real kicks, and half of the fewest sounds that are scored
FRACTIONS = np.linspace(0.6, 1.0, 9)  # of the sounds, for the fit against 1/n
REPEATS = 12  # subsets of each size


def principal_axes(real: np.ndarray, dimension: int = DIMENSION) -> tuple[np.ndarray, np.ndarray]:
    """Mean [D] and leading axes [D, dimension] of a set [n, D]. Fewer axes when n or D allow no more."""
    mean = real.mean(axis=0, dtype=np.float64)
    axes = np.linalg.svd(real - mean, full_matrices=False)[2]
    return mean, axes[: min(dimension, len(real) - 1)].T


def project(points: np.ndarray, basis: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """[n, D] -> [n, d], scaled so that squared distances count a cell (divided by D)."""
    mean, axes = basis
    return (points - mean) @ axes / np.sqrt(len(mean))


def moments(points: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Means [B, d] and unbiased covariances [B, d, d] of points [n, d], taken as weights [B, n] (0 and 1) say."""
    number = weights.sum(axis=1)
    mean = weights @ points / number[:, None]
    outer = (points[:, :, None] * points[:, None, :]).reshape(len(points), -1)
    square = (weights @ outer).reshape(len(weights), points.shape[1], points.shape[1])
    together = mean[:, :, None] * mean[:, None, :]
    return mean, (square - number[:, None, None] * together) / np.maximum(number - 1, 1)[:, None, None]


def frechet_of(a: tuple[np.ndarray, np.ndarray], b: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """[B] squared distances of two batches of moments.

    Both roots are taken of symmetric matrices by their eigenvalues, so nothing imaginary can be left over.
    """
    (mean_a, cov_a), (mean_b, cov_b) = a, b
    values, vectors = np.linalg.eigh(cov_a)
    root = (vectors * np.sqrt(values.clip(0))[..., None, :]) @ np.swapaxes(vectors, -1, -2)
    middle = root @ cov_b @ root
    cross = np.sqrt(np.linalg.eigvalsh((middle + np.swapaxes(middle, -1, -2)) / 2).clip(0)).sum(-1)
    traces = np.trace(cov_a, axis1=-2, axis2=-1) + np.trace(cov_b, axis1=-2, axis2=-1)
    return ((mean_a - mean_b) ** 2).sum(-1) + traces - 2 * cross


def frechet_distance(a: np.ndarray, b: np.ndarray) -> float:
    """Squared Frechet distance of two sets of points, [n, d] and [m, d]; n, m > 1. Biased upwards by about c/n."""
    return float(frechet_of(moments(a, np.ones((1, len(a)))), moments(b, np.ones((1, len(b)))))[0])


class FrechetLimit(NamedTuple):
    """A Frechet distance extrapolated to endlessly many sounds."""

    value: float  # slightly negative now and then when the sets are alike
    r2: float  # of the straight line: near 1 when the bias is 1/n and clear of the scatter


def frechet_limit(a: np.ndarray, b: np.ndarray, rng: np.random.Generator) -> FrechetLimit:
    """The intercept of a straight line through the distances of subsets, against 1/n.

    After FID-infinity (Chong & Forsyth 2020, arxiv.org/abs/1911.07023); both sets are thinned alike here, since the
    real one is as small as the other, so the abscissa is 1/fraction.
    """
    heights = []
    for fraction in FRACTIONS:
        drawn = [_subsets(len(x), fraction, 1 if fraction == 1 else REPEATS, rng) for x in (a, b)]
        heights.append(frechet_of(moments(a, drawn[0]), moments(b, drawn[1])).mean())
    x, y = 1 / FRACTIONS, np.array(heights)
    slope, intercept = np.polyfit(x, y, 1)
    left = ((y - slope * x - intercept) ** 2).sum()
    total = ((y - y.mean()) ** 2).sum()
    return FrechetLimit(float(intercept), float(1 - left / total) if total > 0 else 1.0)


def _subsets(n: int, fraction: float, repeats: int, rng: np.random.Generator) -> np.ndarray:
    ranks = rng.random((repeats, n)).argsort(axis=1, kind="stable").argsort(axis=1, kind="stable")
    return (ranks < round(fraction * n)).astype(np.float64)
