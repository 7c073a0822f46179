"""A bound on how well a decoder can reconstruct a kick whose noise it draws anew."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch", reason="representations need the train extra")

from kickitout.sound import LENGTH, ONSET, SAMPLE_RATE
from kicklab.experiments.reconstruction import noise_redrawn


def test_a_body_without_air_stays_what_it_is_and_hiss_is_another_hiss():
    t = np.maximum(np.arange(LENGTH) - ONSET, 0) / SAMPLE_RATE
    body = np.sin(2 * np.pi * 50 * t) * np.exp(-t / 0.1)
    hiss = np.random.default_rng(0).standard_normal(LENGTH) * (t > 0)
    found = noise_redrawn(np.stack([body, 0.3 * hiss]).astype(np.float32))
    assert found.distances[0] < 0.1
    assert 5 < found.distances[1] < 9  # two Rayleigh levels that know nothing of each other differ by 7.9 dB
    assert found.cents[0] < 1
