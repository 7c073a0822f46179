"""Sounds whose kick card is known beforehand."""

from __future__ import annotations

import numpy as np

from kickitout.sound import LENGTH, ONSET, PEAK, SAMPLE_RATE

RATE = SAMPLE_RATE
TIME = (np.arange(LENGTH) - ONSET) / RATE  # s after the onset
ON = TIME >= 0


def kick(start_hz=160.0, end_hz=50.0, sweep_s=0.025, decay_s=0.06, drive=0.0, click=0.0, noise=0.0, seed=0):
    """An exponential sweep under an exponential decay; click: a 6 kHz burst; noise: RMS re peak of 1."""
    turns = end_hz * TIME + (start_hz - end_hz) * sweep_s * (1 - np.exp(-np.maximum(TIME, 0) / sweep_s))
    after = np.maximum(TIME, 0)
    wave = ON * np.exp(-after / decay_s) * np.sin(2 * np.pi * turns)
    if drive:
        wave = np.tanh(drive * wave) / np.tanh(drive)
    wave += ON * click * np.exp(-after / 0.003) * np.sin(2 * np.pi * 6000 * TIME)
    wave /= np.abs(wave).max()
    return PEAK * (wave + noise * np.random.default_rng(seed).standard_normal(LENGTH))


def decaying(freq_hz, decay_s):
    return ON * np.exp(-np.maximum(TIME, 0) / decay_s) * np.sin(2 * np.pi * freq_hz * TIME)


def cents(found, true):
    return 1200 * np.log2(np.asarray(found) / true)
