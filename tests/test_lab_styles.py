"""How styles are made: labels, weights by source, the Gaussian, and the classifier that has not heard a source."""

from __future__ import annotations

from collections import Counter

import numpy as np

from kickitout.generation.styles import styles
from kickitout.identity import is_identity
from kicklab.experiments.model_data import left_out
from kicklab.experiments.styles import (
    LabelledKicks,
    fit_gaussian,
    style_labels,
    told_styles,
    weights_by_source,
)
from kicklab.sources import share_by_source


def test_labels_are_of_sounds_that_may_be_learned_from_and_enough_for_each_style():
    labels = style_labels()
    assert all(is_identity(sound) for sound in labels)
    assert not labels.keys() & left_out().keys()
    counted = Counter(labels.values())
    assert min(counted.values()) >= 8
    assert set(styles()) <= set(counted)


def test_a_gaussian_has_the_weighted_mean_and_the_unbiased_covariance():
    points = np.random.default_rng(0).normal(size=(12, 5))
    mean, factor = fit_gaussian(points, np.full(12, 1 / 12))
    np.testing.assert_allclose(mean, points.mean(axis=0), atol=1e-12)
    np.testing.assert_allclose(factor @ factor.T, np.cov(points.T), atol=1e-10)
    doubled = np.concatenate([points, points[:1]])
    weights = np.array([0.5, *[1.0] * 11, 0.5])
    np.testing.assert_allclose(fit_gaussian(doubled, weights / weights.sum())[0], points.mean(axis=0), atol=1e-12)


def test_a_source_counts_like_the_root_of_its_sounds():
    weights = weights_by_source(np.array(["a"] * 9 + ["b"] * 4 + ["c"]))
    np.testing.assert_allclose([weights[:9].sum(), weights[9:13].sum(), weights[13]], [3 / 6, 2 / 6, 1 / 6])


def test_what_only_a_source_has_in_common_tells_no_style():
    """Each source has a place of its own, and the style is that of the source by lot: at chance, not above."""
    random = np.random.default_rng(0)
    sources = np.repeat([f"s{i}" for i in range(40)], 5)
    places = random.normal(size=(40, 8)).repeat(5, axis=0) + 0.01 * random.normal(size=(200, 8))
    lot = np.repeat(random.permutation(["a", "b"] * 20), 5)
    told = told_styles(places, LabelledKicks(places, lot, sources))
    assert 0.25 < np.mean(told == lot) < 0.75
    moved = places + 3.0 * (lot == "a")[:, None]  # now the style itself is heard
    assert np.mean(told_styles(moved, LabelledKicks(moved, lot, sources)) == lot) > 0.95


def test_the_interval_of_an_agreement_is_over_sources():
    hits = np.array([True] * 50 + [False] * 50)
    by_two = share_by_source(hits, np.repeat(["a", "b"], 50))
    by_many = share_by_source(hits, np.arange(100).astype(str))
    assert by_two == (50.0, 0.0, 100.0)
    assert 35 < by_many[1] < 45
