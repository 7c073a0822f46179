"""The search for copies, tried: planted copies are found, held-out kicks are not accused."""

from __future__ import annotations

import numpy as np
import pytest

from kickitout.metrics.memorisation import FALSE_POSITIVE_SHARE, TIE, copy_threshold
from kickitout.synthesis.procedural import synthesise
from kicklab.experiments.copies_trial import CHANGES, Split, accused_interval, trial, trial_text

pytestmark = pytest.mark.decides


@pytest.mark.once
def test_rendered_kicks_in_small_numbers():
    waves, _ = synthesise(range(160))
    splits = list(trial(waves, np.arange(160), splits=4, planted=6))
    assert np.mean([s.accused for s in splits]) <= 0.02  # 80 held out a split: 1.6 sounds
    for name in CHANGES:
        assert all(s.found[name] == 1 for s in splits), name
    text = trial_text(splits)
    assert "4 splits by group" in text
    assert all(name in text for name in CHANGES)


@pytest.mark.long
def test_recorded_kicks_of_other_groups_are_not_accused(real_data):
    from kickitout.datasets.build import read_dataset

    dataset = read_dataset([real_data / "kicks-open", real_data / "kicks-study"])
    groups = np.array([row.group for row in dataset.rows])
    splits = list(trial(dataset.waves, groups, splits=5, planted=4))
    assert np.mean([s.accused for s in splits]) <= FALSE_POSITIVE_SHARE
    low, high = accused_interval(splits)
    assert 0 <= low <= np.mean(np.concatenate([s.called for s in splits])) <= high
    for s in splits:
        assert all(found == 1 for found in s.found.values())


def test_nothing_planted_is_nothing_found():
    waves, _ = synthesise(range(80))
    (split,) = trial(waves, np.arange(80), splits=1, planted=0)
    assert split.found == {}
    assert split.train == split.held_out == 40
    assert "planted" not in trial_text([split])


def test_the_interval_resamples_groups():
    # 50 groups of 4 kicks, one of them accused whole: a share of 0.02, and Poisson's 0 to 3 of its one group
    who = np.repeat(np.arange(50), 4)
    split = Split(50, 200, 200, 0.1, who, who == 7, {})
    low, high = accused_interval([split, split])
    assert split.accused == pytest.approx(0.02)
    assert low == 0
    assert high == pytest.approx(0.06, abs=0.01)


def test_the_threshold_is_that_of_a_pair():
    # 400 groups in 200 pairs, the k-th pair k apart: two pairs hold the one percent
    between = np.repeat(np.arange(1.0, 201.0), 2)
    assert copy_threshold(np.random.default_rng(0).permutation(between)) == pytest.approx(2.0, abs=2 * TIE)


@pytest.mark.parametrize("rounding", [-3e-7, 0.0, 3e-7])
def test_the_pair_whose_distance_is_the_threshold_is_above_it_on_every_processor(rounding):
    """The two ways of a pair are computed apart, and differ in their last digits."""
    between = np.repeat(np.arange(0.1, 20.1, 0.1), 2)
    between[3] += rounding  # of the second pair
    assert (between < copy_threshold(between)).sum() == 2
    between[:4] = 0.1, 0.1 + rounding, 0.1, 0.1 + rounding  # no pair is nearer than the limit
    assert (between < copy_threshold(between)).sum() == 0


def test_with_few_groups_the_threshold_follows_the_power_law_of_the_distances():
    rng = np.random.default_rng(0)
    found = [copy_threshold(np.sort(rng.random(50)) ** 0.5) for _ in range(400)]  # P(distance < x) = x^2
    assert np.mean(np.square(found)) == pytest.approx(
        FALSE_POSITIVE_SHARE / 2, rel=0.5
    )  # the smallest of 50 times a quarter
    assert np.mean(np.square(found)) < FALSE_POSITIVE_SHARE
