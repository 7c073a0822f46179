"""Kicks made by formula, for tests: their pitch, decay and click are known."""

import numpy as np

from kickitout.sound import LENGTH, ONSET, PEAK, SAMPLE_RATE


def swept_kick(
    start_hz: float = 180.0,
    end_hz: float = 50.0,
    sweep_ms: float = 30.0,
    decay_ms: float = 80.0,
    click: float = 0.2,
    seed: int = 0,
) -> np.ndarray:
    """A sine that falls from start_hz to end_hz and dies away, with a click of noise. float32 [22050].

    sweep_ms and decay_ms are time constants (to 1/e); the click lasts 2 ms and has the level `click` re the body.
    The first 64 samples are silent.
    """
    t = np.arange(LENGTH - ONSET) / SAMPLE_RATE  # s
    sweep = sweep_ms / 1000
    cycles = end_hz * t + (start_hz - end_hz) * sweep * (1 - np.exp(-t / sweep))
    body = np.sin(2 * np.pi * cycles) * np.exp(-t / (decay_ms / 1000))
    noise = np.random.default_rng(seed).standard_normal(len(t)) * np.exp(-t / 0.002)
    kick = np.concatenate([np.zeros(ONSET), body + click * noise])
    kick[-441:] *= np.linspace(1, 0, 441)  # 10 ms
    return (kick * PEAK / np.abs(kick).max()).astype(np.float32)


def swept_kicks(count: int = 4) -> np.ndarray:
    """Kicks that differ in everything: float32 [count, 22050]."""
    return np.stack(
        [swept_kick(140 + 45 * i, 42 + 6 * i, 20 + 7 * i, 60 + 25 * i, 0.05 + 0.1 * i, i) for i in range(count)]
    )
