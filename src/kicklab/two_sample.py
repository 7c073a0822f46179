"""Can a classifier tell made sounds from those of sources that it has not seen either?

A classifier two-sample test (Lopez-Paz & Oquab 2017, arxiv.org/abs/1610.06545) whose folds hold whole sources, and as
many made sounds as real ones each. Chance is what it reaches when the labels are permuted within the folds; where both
sets are recordings, sources are whole on both sides, and their labels are permuted as wholes, as sounds of one source
are no independent draws.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

FOLDS = 5
RIDGE = 1e-2  # on the covariance of standardised points
PERMUTATIONS = 200


class TwoSampleTest(NamedTuple):
    """accuracy on sounds of unseen sources; p: how often permuted labels reach as much."""

    accuracy: float
    p: float


def dealt(sources: np.ndarray, rng: np.random.Generator, number: int = FOLDS) -> np.ndarray:
    """[n] fold of each sound: sources whole, the largest first, each to the fold that has fewest sounds."""
    names, counts = np.unique(sources, return_counts=True)
    sizes, fold_of = np.zeros(number), {}
    for i in sorted(rng.permutation(len(names)).tolist(), key=lambda i: -counts[i]):
        fold_of[names[i]] = int(sizes.argmin())
        sizes[fold_of[names[i]]] += counts[i]
    return np.array([fold_of[name] for name in sources.tolist()])


class Trial(NamedTuple):
    """What is classified: points [2 n, D] with labels 0 (real) and 1, their folds, and which made sounds take part."""

    points: np.ndarray
    label: np.ndarray
    folds: np.ndarray
    rows: np.ndarray  # [n]


def trial_of(
    real: np.ndarray, made: np.ndarray, sources: np.ndarray, rng: np.random.Generator,
    made_sources: np.ndarray | None = None,
) -> Trial:  # fmt: skip
    """real [n, D] of `sources` [n] against as many of made [m, D], m >= n, one in the fold of each real one; those of
    `made_sources` [m] are taken and dealt in whole sources, but for the last that is taken."""
    first = dealt(sources, rng)
    order = rng.permutation(len(made))
    if made_sources is None:
        rows = np.sort(order[: len(real)])
        folds = np.tile(first, 2)
    else:
        place = {name: i for i, name in enumerate(dict.fromkeys(made_sources[order].tolist()))}
        rows = np.argsort([place[name] for name in made_sources.tolist()], kind="stable")[: len(real)]
        folds = np.concatenate([first, dealt(made_sources[rows], rng)])
    points = np.concatenate([real, made[rows]]).astype(np.float64)
    return Trial(points, np.repeat([0, 1], len(real)), folds, rows)


def two_sample_test(
    real: np.ndarray, made: np.ndarray, sources: np.ndarray, seed: int = 0, made_sources: np.ndarray | None = None
) -> TwoSampleTest:
    """real [n, D] of `sources` [n] against as many of made [m, D], m >= n, of `made_sources` where they are
    recordings."""
    rng = np.random.default_rng([seed, 17])
    t = trial_of(real, made, sources, rng, made_sources)
    units = np.arange(len(t.label))  # that are permuted
    if made_sources is not None:
        _, ours = np.unique(sources, return_inverse=True)
        _, theirs = np.unique(made_sources[t.rows], return_inverse=True)
        units = np.concatenate([ours, ours.max() + 1 + theirs])
    value, drawn = accuracy(t.points, t.label, t.folds), []
    for _ in range(PERMUTATIONS):
        permuted = t.label.copy()
        for fold in range(FOLDS):
            mine = t.folds == fold
            names, first = np.unique(units[mine], return_index=True)
            labels = dict(zip(names.tolist(), rng.permutation(t.label[mine][first]).tolist(), strict=True))
            permuted[mine] = [labels[unit] for unit in units[mine].tolist()]
        drawn.append(accuracy(t.points, permuted, t.folds))
    return TwoSampleTest(value, (1 + sum(x >= value for x in drawn)) / (1 + PERMUTATIONS))


def accuracy(points: np.ndarray, label: np.ndarray, folds: np.ndarray) -> float:
    """Share of the points [n, D] that a linear discriminant of the other folds puts into the right set."""
    return int(hits(points, label, folds).sum()) / len(points)


def hits(points: np.ndarray, label: np.ndarray, folds: np.ndarray) -> np.ndarray:
    """[n] bool: which of the points it puts there."""
    found = np.zeros(len(points), bool)
    for fold in np.unique(folds):
        test = folds == fold
        weights, offset = discriminant(points[~test], label[~test])
        found[test] = (points[test] @ weights > offset) == (label[test] == 1)
    return found


def discriminant(points: np.ndarray, label: np.ndarray, ridge: float = RIDGE) -> tuple[np.ndarray, float]:
    """Weights [D] and threshold of Fisher's linear discriminant between two sets of about one size."""
    scale = np.maximum(points.std(axis=0), 1e-9)
    means = np.stack([points[label == kind].mean(axis=0) for kind in (0, 1)])
    within = (points - means[label]) / scale
    covariance = within.T @ within / len(points) + ridge * np.eye(points.shape[1])
    weights = np.linalg.solve(covariance, (means[1] - means[0]) / scale) / scale
    return weights, float(weights @ means.mean(axis=0))
