"""The classifier two-sample test by source: held against scikit-learn, and against chance."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from kicklab.two_sample import FOLDS, accuracy, dealt, discriminant, trial_of, two_sample_test

pytestmark = pytest.mark.decides


def test_the_discriminant_is_scikit_learns():
    rng = np.random.default_rng(0)
    points = np.concatenate([rng.normal(0, [1, 2, 5], (60, 3)), rng.normal([1, 0, 2], [1, 2, 5], (60, 3))])
    label = np.repeat([0, 1], 60)
    weights, offset = discriminant(points, label, ridge=0.0)
    theirs = LinearDiscriminantAnalysis().fit(points, label).decision_function(points)
    assert np.corrcoef(points @ weights - offset, theirs)[0, 1] == pytest.approx(1)
    np.testing.assert_array_equal(points @ weights > offset, theirs > 0)


def test_folds_hold_whole_sources_and_are_about_of_one_size():
    sources = np.repeat([f"s{i}" for i in range(20)], [1, 2, 3, 4, 12] * 4)
    folds = dealt(sources, np.random.default_rng(0))
    assert all(len({*folds[sources == name].tolist()}) == 1 for name in sources)
    sizes = np.bincount(folds, minlength=FOLDS)
    assert sizes.max() - sizes.min() <= 8


def test_what_is_far_is_told_apart_and_what_is_alike_is_not():
    rng = np.random.default_rng(1)
    sources, spread = np.repeat(np.arange(20), 5), np.array([2.0, 1.0, 1.0, 1.0])
    real = (rng.normal(0, 1, (20, 4)) * spread)[sources] + rng.normal(0, 0.2, (100, 4))
    alike = rng.normal(0, 1, (300, 4)) * spread
    assert two_sample_test(real, alike + 4, sources).accuracy > 0.95
    assert two_sample_test(real, alike + 4, sources).p < 0.01
    same = two_sample_test(real, alike, sources)
    assert same.p > 0.05
    assert same == two_sample_test(real, alike, sources)


def test_learning_the_sources_of_a_fold_by_heart_gains_nothing():
    """In folds that divide sources a real sound has its like on the other side, which says nothing of new sources."""
    rng = np.random.default_rng(2)
    centres = rng.normal(0, 1, (12, 30))
    sources = np.repeat(np.arange(12), 8)
    points = np.concatenate([centres[sources] + rng.normal(0, 0.05, (96, 30)), rng.normal(0, 1, (96, 30))])
    label = np.repeat([0, 1], 96)
    divided = accuracy(points, label, np.tile(rng.permutation(96) % FOLDS, 2))
    whole = accuracy(points, label, np.tile(dealt(sources, rng), 2))
    assert divided > whole + 0.1


def test_sources_of_recordings_are_whole_on_both_sides_and_are_permuted_as_wholes():
    """Two sets of one kind, each of few sources: their sounds differ by their sources alone, which tells nothing."""
    found = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        sources = np.repeat(np.arange(16), 6)
        real, other = (np.repeat(rng.normal(0, 1, (16, 6)), 6, axis=0) + rng.normal(0, 0.3, (96, 6)) for _ in range(2))
        t = trial_of(real, other, sources, np.random.default_rng(seed), sources)
        theirs = t.folds[len(real) :]
        assert all(len({*theirs[sources[t.rows] == one].tolist()}) == 1 for one in range(16))
        found.append(two_sample_test(real, other, sources, seed, sources).p)
    assert np.mean(np.array(found) < 0.05) <= 0.15
    assert 0.3 < np.mean(found) < 0.7
    assert two_sample_test(real, other + 4, sources, 0, sources).p < 0.01
