"""The key of a loop: walks through chords, the loops that weights are fitted to, and the fit itself."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from kickitout.fitting.chords import CHORDS, Bars, _forward, _steps, triad, walk_likelihoods
from kicklab.loop_development import BOOKS
from kicklab.loop_progressions import FROM_ELSEWHERE, FROM_THE_TONIC, progression_loop
from kicklab.loop_songs import ideal_tonic, song_loop


def bars_of(progression, mode, tonic):
    """Bars in which each chord sounds alone, its root in the bass."""
    chords = [CHORDS[mode][name] for name in progression.split()]
    tones = np.array([triad((tonic + above) % 12, kind) / 3 for above, kind in chords])
    roots = np.array([np.arange(12) == (tonic + above) % 12 for above, _ in chords], float)
    return Bars(roots, tones, tones)


@pytest.mark.light
@pytest.mark.decides
@pytest.mark.parametrize("tonic", [0, 5, 11])
@pytest.mark.parametrize(
    ("progression", "mode"),
    [("IV V I I", "major"), ("ii V I I", "major"), ("iv V i i", "minor"), ("VI VII i i", "minor")],
)
def test_the_order_of_chords_tells_the_key_of_a_loop_that_begins_elsewhere(progression, mode, tonic):
    likely = walk_likelihoods(bars_of(progression, mode, tonic))
    assert np.unravel_index(likely.argmax(), likely.shape) == (tonic, list(CHORDS).index(mode))


@pytest.mark.light
def test_the_likelihood_is_that_of_all_walks_that_come_back():
    heard = np.random.default_rng(0).uniform(0.1, 2, (10, 3))
    steps = _steps("minor")
    np.testing.assert_allclose(steps.sum(axis=1), 1)
    whole = 0.0
    for a, b, c in itertools.product(range(10), repeat=3):
        whole += heard[a, 0] * steps[a, b] * heard[b, 1] * steps[b, c] * heard[c, 2] * steps[c, a]
    assert _forward(heard, steps) == pytest.approx(math.log(whole), abs=1e-9)


@pytest.mark.light
def test_every_second_held_out_loop_begins_on_its_tonic_and_all_keys_are_there():
    loops = [progression_loop(number) for number in range(24)]
    assert [loop.roots[0] % 12 == 0 for loop in loops] == 12 * [True, False]
    assert all(0 in {root % 12 for root in loop.roots} for loop in loops)
    assert {loop.tonic % 12 for loop in loops} == set(range(12))
    assert not set(FROM_THE_TONIC) & set(FROM_ELSEWHERE)


@pytest.mark.light
def test_held_out_loops_share_no_progression_with_the_lists_of_development():
    listed = [book for name, book in BOOKS.items() if name not in ("songs", "walks")]
    known = {(loop.roots, loop.mode) for book in listed for loop in map(book, range(200))}
    assert not known & {(loop.roots, loop.mode) for loop in map(progression_loop, range(100))}


@pytest.mark.light
def test_nobody_can_tell_the_tonic_of_all_songs():
    right = [ideal_tonic(song_loop(number)) == 0 for number in range(100)]
    assert sum(right[::2]) > 45  # of 50 that begin on it
    assert 15 < sum(right[1::2]) < 40  # of 50 that begin elsewhere


def test_weights_are_fitted_to_what_tells_the_tonic():
    pytest.importorskip("scipy")
    from kicklab.experiments.key_weights import LoopEvidence, fit_weights, right

    rng = np.random.default_rng(1)

    def loop():
        evidence = rng.standard_normal((12, 2, 2))
        return LoopEvidence(
            evidence, *np.unravel_index(int(evidence[..., 0].argmax()), (12, 2)), bool(rng.random() < 0.5)
        )

    books = [[loop() for _ in range(100)] for _ in range(2)]
    weights = fit_weights(books)
    assert weights[0] > 1
    assert abs(weights[1]) < 0.3
    assert right([loop() for _ in range(50)], weights).mean() > 0.9
