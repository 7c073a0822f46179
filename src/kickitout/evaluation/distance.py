"""Distances between two sets of embedded sounds."""

from __future__ import annotations

import numpy as np


def kernel_distance(real: np.ndarray, generated: np.ndarray) -> float:
    """Unbiased squared maximum mean discrepancy with a cubic polynomial kernel. [n, d], [m, d], n, m >= 2.

    The kernel of Binkowski et al. 2018 (arxiv.org/abs/1801.01401) on features standardised by the real set. Unbiased
    for any n, so it serves small held-out sets; it can be slightly negative when the sets are alike.
    """
    centre, scale = real.mean(axis=0), real.std(axis=0) + 1.0  # 1 dB: a cell that hardly varies must not decide
    x, y = (((s - centre) / scale).astype(np.float64) for s in (real, generated))

    def kernel(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return (a @ b.T / a.shape[1] + 1) ** 3

    def off_diagonal_mean(k: np.ndarray) -> float:
        n = len(k)
        return float((k.sum() - np.trace(k)) / (n * (n - 1)))

    return off_diagonal_mean(kernel(x, x)) + off_diagonal_mean(kernel(y, y)) - 2 * float(kernel(x, y).mean())


def diversity(embedded: np.ndarray) -> float:
    """Mean distance between two sounds of a set, in dB a cell (root mean square). [n, d], n >= 2."""
    squared = ((embedded**2).sum(1)[:, None] + (embedded**2).sum(1)[None] - 2 * embedded @ embedded.T).clip(0)
    n = len(embedded)
    return float(np.sqrt(squared / embedded.shape[1]).sum() / (n * (n - 1)))
