"""Planted copies are found, honest kicks are not accused."""

from __future__ import annotations

import numpy as np
import pytest

from kickitout.errors import UserError
from kickitout.metrics.memorisation import CopyDetector, Library, audit, first_nearest
from kickitout.metrics.report import copies_score
from kickitout.sound import LENGTH, SAMPLE_RATE
from kickitout.synthesis.procedural import synthesise

pytestmark = pytest.mark.decides


@pytest.fixture(scope="module")
def train() -> np.ndarray:
    return synthesise(range(100))[0]


def tilted(waves: np.ndarray, db_at_10k: float = 3.0) -> np.ndarray:
    """A mild equaliser: 0 dB at 100 Hz, rising evenly to db_at_10k."""
    octaves = np.log2(np.maximum(np.fft.rfftfreq(LENGTH, 1 / SAMPLE_RATE), 20) / 100)
    gain = 10 ** (db_at_10k / np.log2(100) * octaves / 20)
    return np.fft.irfft(np.fft.rfft(waves) * gain, LENGTH)


COPIES = {
    "itself": lambda w: w,
    "6 dB down": lambda w: 0.5 * w,
    "turned over": lambda w: -w,
    "0.5 ms late": lambda w: np.roll(w, 22, axis=1),
    "0.5 ms early": lambda w: np.roll(w, -22, axis=1),
    "equalised": tilted,
    "with noise at -50 dB": lambda w: w + 0.003 * np.random.default_rng(0).standard_normal(w.shape),
    "all of that": lambda w: (
        -0.5 * np.roll(tilted(w), 22, axis=1) + 0.0015 * np.random.default_rng(0).standard_normal(w.shape)
    ),
}


@pytest.mark.parametrize("change", COPIES.values(), ids=COPIES)
def test_every_planted_copy_is_found_at_its_original(train, change):
    planted = np.arange(0, 100, 4)
    found = audit(change(train[planted]).astype(np.float32), train)
    assert found.copies.all()
    assert (found.nearest == planted).mean() > 0.95  # two rendered kicks may be nearer than a copy with noise


def test_kicks_that_copy_nothing_are_not_accused(train):
    fresh, _ = synthesise(range(1000, 1200))
    found = audit(fresh, train, np.arange(len(train)))  # by construction no two are one recording
    assert found.copies.mean() <= 0.05  # 1 % by definition, of 200 sounds and a limit from 100
    assert found.false_positives <= 0.05


def test_the_pairs_name_the_copies_closest_first(train):
    fresh, _ = synthesise(range(1000, 1040))
    sounds = np.concatenate([fresh, tilted(train[7:8]), train[3:4]]).astype(np.float32)
    pairs = audit(sounds, train).pairs()
    assert pairs[0][:2] == (41, 3)
    assert (40, 7) in [p[:2] for p in pairs]
    assert [p[2] for p in pairs] == sorted(p[2] for p in pairs)


def test_near_duplicates_among_the_training_kicks_do_not_set_the_threshold(train):
    doubled = np.concatenate([train, 0.7 * np.roll(train, 5, axis=1)]).astype(np.float32)
    assert audit(train[:2], doubled).threshold == pytest.approx(audit(train[:2], train).threshold, rel=0.1)


def test_a_share_of_none_has_an_interval(train):
    fresh, _ = synthesise(range(1000, 1020), "hard")
    score = copies_score(audit(fresh, train), "")
    assert score.interval[0] >= 0
    assert score.interval[1] > score.value


def test_silence_is_no_copy(train):
    assert not audit(np.zeros((2, LENGTH), np.float32), train).copies.any()


@pytest.mark.parametrize("rounding", [-3e-7, 0.0, 3e-7])
def test_of_equally_near_kicks_the_first_is_named(rounding):
    distances, kicks = np.array([[0.5, 0.2 + rounding, 0.2, 0.20002]]), np.array([[1, 9, 7, 3]])
    assert first_nearest(distances, kicks).tolist() == [7]


def test_of_training_kicks_that_stand_there_twice_the_first_is_the_nearest(train):
    twice = np.concatenate([train[:40], train[39::-1], train[:40]])
    groups = np.concatenate([np.arange(40), np.arange(40)[::-1], np.arange(40)])
    assert CopyDetector.of(twice, groups).nearest(tilted(train[5:6])[0].astype(np.float32))[0] == 5
    candidates, _ = Library.of(np.repeat(train[:1], 30, axis=0)).nearest(Library.of(train[:2]))
    assert candidates.tolist() == [list(range(8))] * 2  # all are equally near


def test_too_few_training_kicks_are_refused(train):
    with pytest.raises(UserError, match="5 groups of training kicks: too few"):
        audit(train[:3], train[:5])
