"""The fall of the pitch as nine numbers: known sweeps, and what must not move it."""

from __future__ import annotations

import numpy as np
import pytest

from kickitout.descriptors.contour import SIZE, contours, hz_at
from kickitout.sound import LENGTH, ONSET, SAMPLE_RATE

pytestmark = [pytest.mark.light, pytest.mark.decides]

T = (np.arange(LENGTH) - ONSET) / SAMPLE_RATE


def swept(end_hz: float, more_hz: float, tau: float, decay: float = 0.15) -> np.ndarray:
    """end_hz + more_hz exp(-t / tau), from phase 0 at the onset."""
    t = np.maximum(T, 0)
    turns = end_hz * t + more_hz * tau * (1 - np.exp(-t / tau))
    return (np.sin(2 * np.pi * turns) * np.exp(-t / decay) * (T >= 0)).astype(np.float32)


def true_hz(end_hz: float, more_hz: float, tau: float, seconds: np.ndarray) -> np.ndarray:
    return end_hz + more_hz * np.exp(-seconds / tau)


@pytest.mark.parametrize("end_hz", [35.0, 50.0, 80.0, 140.0])
@pytest.mark.parametrize(("more_hz", "tau"), [(0.0, 0.05), (60.0, 0.02), (150.0, 0.04), (100.0, 0.1)])
def test_a_known_sweep_is_followed_within_a_fifth_of_a_semitone(end_hz, more_hz, tau):
    wave = swept(end_hz, more_hz, tau)
    found = contours(wave[None])
    seconds = np.linspace(0.02, 0.3, 40)
    cents = 1200 * np.log2(hz_at(found.numbers, seconds)[0] / true_hz(end_hz, more_hz, tau, seconds))
    assert np.median(np.abs(cents)) < 20
    assert found.off[0] < 0.06


def test_the_turns_are_right_to_a_twentieth_at_the_end_of_a_long_kick():
    wave = swept(50.0, 120.0, 0.03, decay=0.25)
    seconds = np.linspace(0, 0.45, 2000)
    hz = hz_at(contours(wave[None]).numbers, seconds)[0]
    turns = np.trapezoid(hz, seconds)
    assert abs(turns - np.trapezoid(true_hz(50.0, 120.0, 0.03, seconds), seconds)) < 0.15


def test_click_and_hiss_do_not_move_it():
    rng = np.random.default_rng(0)
    clean = swept(52.0, 100.0, 0.04)
    hiss = rng.standard_normal(LENGTH) * 0.3 * np.exp(-np.maximum(T, 0) / 0.01) * (T >= 0)
    noisy = (clean + hiss + 0.003 * rng.standard_normal(LENGTH) * (T >= 0)).astype(np.float32)
    seconds = np.linspace(0.02, 0.25, 40)
    a, b = (hz_at(contours(w[None]).numbers, seconds)[0] for w in (clean, noisy))
    assert np.median(np.abs(1200 * np.log2(a / b))) < 15


def test_each_is_the_same_alone_and_in_a_batch_and_at_any_gain():
    waves = np.stack([swept(40 + 5 * i, 20.0 * i, 0.03) for i in range(30)])
    together = contours(waves).numbers
    assert np.array_equal(together[7:8], contours(waves[7:8]).numbers)
    assert np.abs(contours(0.1 * waves[3:4]).numbers - together[3]).max() < 1e-3


def test_silence_and_noise_have_a_plain_contour():
    found = contours(np.zeros((1, LENGTH), np.float32))
    assert found.numbers.shape == (1, SIZE)
    assert np.isnan(found.off[0])
    assert np.allclose(hz_at(found.numbers, np.array([0.0, 0.3])), 50.0, rtol=1e-5)
    noise = np.random.default_rng(1).standard_normal((1, LENGTH)).astype(np.float32)
    assert np.isfinite(contours(noise).numbers).all()
