"""Do the generated sounds lie among the real ones, and do they reach all of them? Counted in nearest neighbours.

The manifold of a set is the union of balls about its sounds, each as wide as the way to its K-th neighbour in the set.

    precision   share of generated sounds inside the real manifold    Kynkäänniemi et al. 2019, arxiv.org/abs/1904.06991
    recall      share of real sounds inside the generated manifold
    density     real balls about a generated sound, over K            Naeem et al. 2020, arxiv.org/abs/2002.09797
    coverage    share of real balls with a generated sound inside

No unit; higher is better; density may exceed 1. All depend on the numbers of sounds, which are therefore made equal,
and on K. The real-vs-real baseline is not 1 and stands beside each. What lies on the edge of a ball is inside, to
BALL_TIE: a copy of a sound is as far from a third one as the sound itself, but for the rounding of the processor.
"""

from __future__ import annotations

import numpy as np

K = 5  # neighbours; Naeem et al. recommend 5, Kynkäänniemi et al. used 3 with 50,000 images
BALL_TIE = 1e-6  # distances that are no further apart are equal
NEIGHBOUR_SCORES = ("precision", "recall", "density", "coverage")


def radii(within: np.ndarray, k: int = K) -> np.ndarray:
    """[n] distance of each sound to its k-th neighbour in its set, edge included; within: [n, n] distances."""
    others = within.copy()
    np.fill_diagonal(others, np.inf)
    return np.partition(others, k - 1, axis=1)[:, k - 1] + BALL_TIE


def neighbour_scores(rr: np.ndarray, rg: np.ndarray, gg: np.ndarray, k: int = K) -> np.ndarray:
    """[4] as in NEIGHBOUR_SCORES, from distances real-real [n, n], real-generated [n, m] and generated-generated.

    k must be smaller than both sets.
    """
    real_radii, generated_radii = radii(rr, k), radii(gg, k)
    inside = rg <= real_radii[:, None]  # [real ball, generated sound]
    precision = inside.any(axis=0).mean()
    recall = (rg <= generated_radii[None]).any(axis=1).mean()
    density = inside.sum() / (k * rg.shape[1])
    coverage = inside.any(axis=1).mean()
    return np.array([precision, recall, density, coverage])


def neighbour_scores_drawn(
    rr: np.ndarray, rg: np.ndarray, gg: np.ndarray, real_masks: np.ndarray, generated_masks: np.ndarray, k: int = K
) -> np.ndarray:
    """[draws, 4] the scores of subsets, [draws, n] and [draws, m] masks."""
    found = np.full((len(real_masks), len(NEIGHBOUR_SCORES)), np.nan)
    for row, real, generated in zip(found, real_masks, generated_masks, strict=True):
        i, j = np.flatnonzero(real), np.flatnonzero(generated)
        if min(len(i), len(j)) > k:
            row[:] = neighbour_scores(rr[np.ix_(i, i)], rg[np.ix_(i, j)], gg[np.ix_(j, j)], k)
    return found
