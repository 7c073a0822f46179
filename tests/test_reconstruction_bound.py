"""A bound on how well a decoder can reconstruct a kick whose noise it draws anew."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch", reason="representations need the train extra")

from kickitout.sound import LENGTH, ONSET, SAMPLE_RATE
from kicklab.experiments.reconstruction import noise_redrawn
from kicklab.spectra import log_spectral_distance, third_octave_distance


def test_a_body_without_air_stays_what_it_is_and_hiss_is_another_hiss():
    t = np.maximum(np.arange(LENGTH) - ONSET, 0) / SAMPLE_RATE
    body = np.sin(2 * np.pi * 50 * t) * np.exp(-t / 0.1)
    hiss = np.random.default_rng(0).standard_normal(LENGTH) * (t > 0)
    found = noise_redrawn(np.stack([body, 0.3 * hiss]).astype(np.float32))
    assert found.distances[0] < 0.1
    assert 5 < found.distances[1] < 9  # two Rayleigh levels that know nothing of each other differ by 7.9 dB
    assert found.cents[0] < 1


def test_noise_of_the_right_level_is_near_in_thirds_and_far_in_bins():
    random, fall = np.random.default_rng(0), np.exp(-np.arange(LENGTH) / 4000)
    one, other = (random.standard_normal((3, LENGTH)) * fall for _ in range(2))
    assert (third_octave_distance(one, one) == 0).all()
    apart = third_octave_distance(one, other)
    assert (apart < 3.5).all()
    assert (log_spectral_distance(one, other) > 2 * apart).all()
    twice = third_octave_distance(one, 2 * one)
    np.testing.assert_allclose(twice, 6.02, atol=0.2)  # less where the quieter is below the floor
    silence = np.zeros_like(one)
    assert (third_octave_distance(silence, silence) == 0).all()
