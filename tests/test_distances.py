"""Distances, neighbours, classifiers and intervals, on points whose answers are known beforehand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from kickitout.metrics import distance, frechet, neighbours, resampling, spectra, two_sample
from kickitout.metrics.cards import wasserstein
from kickitout.metrics.distance import energy_distance, pairwise
from kickitout.metrics.embeddings import Embedding
from kickitout.metrics.report import halves

pytestmark = pytest.mark.decides

QUICK = Embedding("quick", spectra.third_octaves)


def distances(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return pairwise(a, a), pairwise(a, b), pairwise(b, b)


def test_frechet_distance_of_gaussians_is_its_closed_form():
    rng = np.random.default_rng(0)
    a, b = rng.normal(0, 2, (40_000, 3)), rng.normal(1, [1, 2, 5], (40_000, 3))
    assert frechet.frechet_distance(a, b) == pytest.approx(3 + 1 + 0 + 9, rel=0.03)  # |m|^2 + sum (s - s')^2
    assert frechet.frechet_distance(a, a) == pytest.approx(0, abs=1e-9)


def test_frechet_distance_of_covariances_that_do_not_commute_is_real_and_symmetric():
    rng = np.random.default_rng(1)
    a, b = (rng.normal(size=(50, 8)) @ rng.normal(size=(8, 8)) for _ in range(2))
    forth, back = frechet.frechet_distance(a, b), frechet.frechet_distance(b, a)
    assert forth == pytest.approx(back)
    linalg = pytest.importorskip("scipy.linalg")
    cross = linalg.sqrtm(np.cov(a.T) @ np.cov(b.T))
    known = ((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(np.cov(a.T) + np.cov(b.T)) - 2 * np.trace(cross).real
    assert forth == pytest.approx(known, rel=1e-6)


def test_the_extrapolated_frechet_distance_has_lost_its_bias():
    rng = np.random.default_rng(2)
    plain, limits = [], []
    for _ in range(12):
        a, b = rng.normal(size=(2, 120, 16))
        plain.append(frechet.frechet_distance(a, b))
        limits.append(frechet.frechet_limit(a, b, rng).value)
    assert abs(np.mean(limits)) < 0.15 * np.mean(plain)  # both sets are one distribution: the truth is 0


def test_the_extrapolation_is_a_straight_line_where_the_bias_rules():
    rng = np.random.default_rng(3)
    assert frechet.frechet_limit(*rng.normal(size=(2, 400, 16)), rng).r2 > 0.9


def test_projection_keeps_the_leading_directions_of_the_real_set():
    rng = np.random.default_rng(4)
    real = rng.normal(size=(200, 5)) * [1, 1, 10, 1, 1]
    basis = frechet.principal_axes(real, 1)
    assert abs(basis[1][2, 0]) > 0.99
    assert frechet.project(real, basis).shape == (200, 1)


def test_kernel_distance_is_unbiased_for_one_distribution_and_grows_with_a_shift():
    rng = np.random.default_rng(5)
    found = [distance.kernel_distance(*rng.normal(3, 7, (2, 50, 10))) for _ in range(60)]
    assert abs(np.mean(found)) < 3 * np.std(found) / math.sqrt(60)
    shifted = [distance.kernel_distance(rng.normal(0, 7, (50, 10)), rng.normal(s, 7, (50, 10))) for s in (3, 7, 14)]
    assert 3 * np.std(found) < shifted[0] < shifted[1] < shifted[2]


def test_kernel_distance_does_not_depend_on_the_scale_of_the_embedding():
    a, b = np.random.default_rng(6).normal(size=(2, 40, 6))
    assert distance.kernel_distance(1000 * a + 5, 1000 * b + 5) == pytest.approx(distance.kernel_distance(a, b))


def test_the_energy_distance_of_counts_is_that_of_the_sounds_they_stand_for():
    rng = np.random.default_rng(7)
    a, b = rng.normal(size=(12, 4)), rng.normal(1, 1, (9, 4))
    ones = np.ones((1, 12)), np.ones((1, 9))
    assert distance.energy_distance_drawn(*distances(a, b), *ones)[0] == pytest.approx(energy_distance(a, b))


def test_a_sound_that_is_drawn_twice_is_no_pair_with_itself():
    pairs = np.array([[0.0, 2, 4], [2, 0, 6], [4, 6, 0]])
    assert resampling.mean_within(pairs, np.array([[2.0, 1, 0]]))[0] == 2
    assert resampling.mean_within(pairs, np.array([[1.0, 1, 1]]))[0] == 4


@pytest.mark.parametrize("shift", [0.0, 2.0])
def test_the_interval_of_an_energy_distance_covers_the_truth(shift):
    rng = np.random.default_rng(8)
    truth = energy_distance(rng.normal(size=(1500, 3)), rng.normal(shift, 1, (1500, 3)))
    inside = 0
    for _ in range(60):
        a, b = rng.normal(size=(40, 3)), rng.normal(shift, 1, (40, 3))
        counts = [resampling.bootstrap_counts(40, 100, rng) for _ in range(2)]
        drawn = distance.energy_distance_drawn(*distances(a, b), *counts)
        low, high = resampling.interval(energy_distance(a, b), drawn)
        inside += low <= truth <= high
    assert inside >= 52  # of 60; 57 expected


def test_groups_are_drawn_whole():
    rng, groups = np.random.default_rng(9), np.array([0, 0, 1, 2, 2, 2, 3])
    for draws in (resampling.bootstrap_counts(7, 20, rng, groups), resampling.half_masks(7, 20, rng, groups)):
        assert (draws[:, 0] == draws[:, 1]).all()
        assert (draws[:, 3] == draws[:, 5]).all()
    first = halves(groups, rng)
    assert first[0] == first[1]
    assert 0 < first.sum() < 7


def test_half_samples_scatter_as_much_as_new_sounds_would():
    rng = np.random.default_rng(10)
    points = rng.normal(size=100)
    means = [points[mask].mean() for mask in resampling.half_masks(100, 2000, rng)]
    assert np.std(means) == pytest.approx(points.std() / 10, rel=0.1)


def test_an_interval_is_centred_on_the_value_and_stays_in_its_bounds():
    drawn = np.random.default_rng(11).normal(5, 1, 4000)  # biased by resampling: the value is 0.5
    low, high = resampling.interval(0.5, drawn, (0, 10))
    assert low == 0
    assert high == pytest.approx(0.5 + 1.96, abs=0.15)


def test_equal_sets_have_full_precision_and_recall_and_disjoint_sets_none():
    a = np.random.default_rng(12).normal(size=(60, 5))
    assert neighbours.neighbour_scores(*distances(a, a)).tolist()[:2] == [1, 1]
    assert neighbours.neighbour_scores(*distances(a, a))[3] == 1
    assert neighbours.neighbour_scores(*distances(a, a + 100)).tolist() == [0, 0, 0, 0]


def test_a_generator_that_knows_one_kind_of_two_is_precise_and_forgets_half():
    rng = np.random.default_rng(13)
    real = rng.normal(size=(200, 3)) + np.repeat([[0.0], [50]], 100, axis=0)
    precision, recall, _, coverage = neighbours.neighbour_scores(*distances(real, rng.normal(size=(200, 3))))
    assert precision > 0.9
    assert recall < 0.55
    assert coverage < 0.55


def test_density_and_coverage_are_those_of_a_count_by_hand():
    real, generated = np.array([[0.0], [1], [3]]), np.array([[0.5], [10]])
    precision, recall, density, coverage = neighbours.neighbour_scores(*distances(real, generated), k=1)
    # Balls of radius 1, 1, 2 about 0, 1, 3 (the last reaches to 1): 0.5 is in two of them, 10 in none.
    assert (precision, density) == (0.5, 1.0)
    assert coverage == pytest.approx(2 / 3)
    assert recall == 1.0  # balls of radius 9.5


def test_two_samples_of_one_distribution_are_told_apart_by_chance_only():
    rng = np.random.default_rng(14)
    logistic, nearest = [], []
    for _ in range(10):
        a, b = rng.normal(size=(2, 80, 12))
        logistic.append(two_sample.logistic_hits(a, b, rng).mean())
        nearest.append(two_sample.neighbour_hits(*distances(a, b)).mean())
    assert np.mean(logistic) == pytest.approx(0.5, abs=0.05)
    assert np.mean(nearest) == pytest.approx(0.5, abs=0.05)


def test_two_samples_far_apart_are_always_told_apart():
    rng = np.random.default_rng(15)
    a, b = rng.normal(size=(60, 12)), rng.normal(6, 1, (60, 12))
    assert two_sample.logistic_hits(a, b, rng).all()
    assert two_sample.neighbour_hits(*distances(a, b)).all()


@pytest.mark.parametrize("seed", range(3))
def test_the_last_digits_of_distances_change_no_count_of_neighbours(seed):
    """Copies of real sounds, each twice: half of all distances are equal, but for the rounding of a processor."""
    rng = np.random.default_rng(17)
    real = rng.normal(size=(40, 6))
    exact = distances(real, np.repeat(real[:20], 2, axis=0))
    rounded = [d + np.random.default_rng(seed).uniform(-1e-8, 1e-8, d.shape) for d in exact]
    assert (two_sample.neighbour_hits(*rounded) == two_sample.neighbour_hits(*exact)).all()
    assert neighbours.neighbour_scores(*rounded).tolist() == neighbours.neighbour_scores(*exact).tolist()
    assert neighbours.neighbour_scores(*exact)[0] == 1.0  # a copy is inside the ball about what it is a copy of


def test_near_duplicates_do_not_betray_a_set():
    rng = np.random.default_rng(16)
    groups = np.repeat(np.arange(12), 6)
    real = rng.normal(size=(12, 8))[groups] + 1e-3 * rng.normal(size=(72, 8))
    fresh = rng.normal(size=(72, 8))
    assert two_sample.neighbour_hits(*distances(real, fresh), (groups, None))[:72].mean() < 0.6
    assert two_sample.neighbour_hits(*distances(real, fresh))[:72].all()  # without groups
    assert two_sample.neighbour_hits(*distances(fresh, real), (None, groups))[72:].mean() < 0.6  # in either set
    rights = [
        two_sample.logistic_hits(*sets, np.random.default_rng(seed), groups)[part].mean()
        for sets, groups, part in (
            ((real, fresh), (groups, None), slice(72)),
            ((fresh, real), (None, groups), slice(72, None)),
        )
        for seed in range(5)
    ]
    assert np.mean(rights) < 0.6
    split = [two_sample.logistic_hits(fresh, real, np.random.default_rng(seed))[72:].mean() for seed in range(5)]
    assert np.mean(split) > np.mean(rights) + 0.1


@pytest.mark.parametrize("sizes", [(50, 50), (50, 30)])
def test_the_wasserstein_distance_is_that_of_scipy_and_of_a_shift_the_shift(sizes):
    stats = pytest.importorskip("scipy.stats")
    rng = np.random.default_rng(17)
    a, b = rng.normal(size=sizes[0]), rng.normal(1, 2, sizes[1])
    assert wasserstein(a, b) == pytest.approx(stats.wasserstein_distance(a, b))
    assert wasserstein(a, a + 7.5) == pytest.approx(7.5)
    assert wasserstein(a, a) == 0
