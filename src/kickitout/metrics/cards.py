"""How far the kick cards of two sets lie apart, field by field, in the field's own unit.

The Wasserstein-1 distance of two sets of numbers is the area between their cumulative distributions, in the unit of the
numbers: the mean way by which the values of one set must be moved to become the other (Kantorovich 1942; for samples
Vallender 1974, doi.org/10.1137/1118101). A shift by s gives s. Lower is better.

A field without a value (NaN) has no place on the axis: the distance is that of the known values, and the share of
unknown ones is compared by itself. Fields that fewer than LEAST_VALUES sounds of a set have are left out.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from kickitout.descriptors import FIELDS

LEAST_VALUES = 16  # known values in each set
CARD_UNITS = {field.name: field.unit for field in FIELDS if field.name != "note"}  # name -> unit


def wasserstein(a: np.ndarray, b: np.ndarray) -> float:
    """Area between the cumulative distributions of [n] and [m] finite values, in their unit.

    >>> wasserstein(np.array([0.0, 1, 3]), np.array([5.0, 6, 8]))
    5.0
    """
    return float(wasserstein_drawn(a, b, np.ones((1, len(a))), np.ones((1, len(b))))[0])


def wasserstein_drawn(a: np.ndarray, b: np.ndarray, a_counts: np.ndarray, b_counts: np.ndarray) -> np.ndarray:
    """[draws] the same for values drawn as counts, [draws, n] and [draws, m], say."""
    values = np.concatenate([a, b])
    order = np.argsort(values, kind="stable")
    empty_a, empty_b = np.zeros((len(a_counts), len(b))), np.zeros((len(a_counts), len(a)))
    share_a = np.concatenate([a_counts / np.maximum(a_counts.sum(1, keepdims=True), 1), empty_a], axis=1)
    share_b = np.concatenate([empty_b, b_counts / np.maximum(b_counts.sum(1, keepdims=True), 1)], axis=1)
    apart = np.abs(np.cumsum((share_a - share_b)[:, order], axis=1))[:, :-1]
    return apart @ np.diff(values[order])


def known_in_both(real: Mapping[str, np.ndarray], generated: Mapping[str, np.ndarray]) -> list[str]:
    """The fields of two tables of cards that at least LEAST_VALUES sounds of each set have."""
    return [name for name in CARD_UNITS if min(_known(real[name]), _known(generated[name])) >= LEAST_VALUES]


def _known(values: np.ndarray) -> int:
    return int(np.isfinite(values).sum())


def spread(values: np.ndarray) -> float:
    """Standard deviation of the known values; NaN when they are all the same."""
    deviation = float(np.nanstd(values))
    return deviation if deviation > 0 else float("nan")
