"""Can a classifier tell the generated sounds from the real ones? Accuracy on sounds it has not learned from.

Lopez-Paz & Oquab 2017, arxiv.org/abs/1610.06545. Share of sounds, 0..1, of two sets of the same size: chance is 0.5,
and lower is better. Near-duplicates are kept together: a group is in one fold, and is no neighbour of its own.
"""

from __future__ import annotations

import numpy as np

from kickitout.metrics.resampling import own_groups

Groups = tuple[np.ndarray | None, np.ndarray | None]  # groups of the real sounds and of the generated ones
UNGROUPED: Groups = (None, None)  # each sound is a group of its own
FOLDS = 5
PENALTY = 10.0  # on squared weights of standardised features; 0.1 to 100 move the accuracy by some hundredths
NEWTON_STEPS = 12  # of Newton; with the penalty it has converged before
VOTERS = 5  # neighbours that vote; odd
TIE_DIGITS = 4  # after the point of a distance: processors differ in later ones


def logistic_hits(
    real: np.ndarray, generated: np.ndarray, rng: np.random.Generator, groups: Groups = UNGROUPED
) -> np.ndarray:
    """[2 n] bool: which sounds a cross-validated logistic regression puts into the right set; the real ones first.

    real, generated: [n, D]. groups: groups of either set; none is split between folds.
    """
    points, label = _both(real, generated)
    folds = np.concatenate(
        [_folds(own_groups(len(x), of), rng) for x, of in zip((real, generated), groups, strict=True)]
    )
    hits = np.zeros(len(points), bool)
    for fold in range(FOLDS):
        test = folds == fold
        if test.any():
            mean, scale = points[~test].mean(0), points[~test].std(0)
            ready = (points - mean) / np.where(scale > 1e-9, scale, 1.0)
            ready = np.concatenate([ready, np.ones((len(ready), 1))], axis=1)
            weights = _fit_logistic(ready[~test], label[~test])
            hits[test] = (ready[test] @ weights > 0) == (label[test] > 0.5)
    return hits


def _both(real: np.ndarray, generated: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    points = np.concatenate([real, generated]).astype(np.float64)
    return points, np.repeat([0.0, 1.0], [len(real), len(generated)])


def _folds(groups: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    number = int(groups.max()) + 1
    return (rng.permutation(number) % FOLDS)[groups]


def _fit_logistic(points: np.ndarray, label: np.ndarray) -> np.ndarray:
    """Weights [D + 1] of a ridge logistic regression by Newton's method; the last one, of the constant, is free."""
    weights = np.zeros(points.shape[1])
    penalty = np.full(points.shape[1], PENALTY)
    penalty[-1] = 1e-6
    for _ in range(NEWTON_STEPS):
        guess = 1 / (1 + np.exp(-np.clip(points @ weights, -30, 30)))
        gradient = points.T @ (guess - label) + penalty * weights
        curvature = (points * (guess * (1 - guess))[:, None]).T @ points + np.diag(penalty)
        step = np.linalg.solve(curvature, gradient)
        weights -= step
        if np.abs(step).max() < 1e-6:
            break
    return weights


def neighbour_hits(rr: np.ndarray, rg: np.ndarray, gg: np.ndarray, groups: Groups = UNGROUPED) -> np.ndarray:
    """[2 n] bool: for which sounds most of the VOTERS others come from their own set; the real ones first.

    Distances real-real, real-generated, generated-generated, all [n, n]. Sees what no straight line separates, such as
    a generator that repeats itself. Of equally far ones, to TIE_DIGITS, the first in this order count.
    """
    within = [_but_its_own(*one) for one in zip((rr, gg), groups, strict=True)]
    everything = np.block([[within[0], rg], [rg.T, within[1]]])
    nearest = np.argsort(np.round(everything, TIE_DIGITS), axis=1, kind="stable")[:, :VOTERS]
    generated = np.arange(len(everything)) >= len(rr)
    return (generated[nearest].mean(axis=1) > 0.5) == generated


def _but_its_own(distances: np.ndarray, groups: np.ndarray | None) -> np.ndarray:
    """Distances [n, n] within a set; infinite within a group."""
    groups = own_groups(len(distances), groups)
    return np.where(groups[:, None] == groups[None], np.inf, distances)
