"""Sounds that are no drum hit, made by formula: what a broken generator may leave behind.

Waveforms: float32 [22050] at 44.1 kHz, mono, onset at sample ONSET, peak PEAK. A seed gives one sound: seeds take turns
through NONDRUM_KINDS, and some kinds take real hits apart. They teach the drum-type network to say "none of these", so
that a steady hum at 50 Hz is not called a kick for being low.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from kickitout.sound import LENGTH, ONSET, PEAK, SAMPLE_RATE

SOUNDING = LENGTH - ONSET
SECONDS = np.arange(SOUNDING) / SAMPLE_RATE
FALLS = (0.0, 1.0, 2.0)  # 1/s: a level that stays, or falls by 4 or 9 dB until the end; a slow decay is no hit

Make = Callable[[np.random.Generator, np.ndarray], np.ndarray]  # (random, hits [n, LENGTH]) -> [SOUNDING], any scale


def _steady_noise(random: np.random.Generator, _: np.ndarray) -> np.ndarray:
    """Noise whose amplitude goes as f^-1.2 to f^0.3."""
    hz = np.maximum(np.fft.rfftfreq(SOUNDING, 1 / SAMPLE_RATE), 20)
    spectrum = np.fft.rfft(random.standard_normal(SOUNDING)) * hz ** random.uniform(-1.2, 0.3)
    return np.fft.irfft(spectrum, SOUNDING) * _fall(random)


def _steady_tone(random: np.random.Generator, _: np.ndarray) -> np.ndarray:
    """1 to 11 harmonics of 30 to 4000 Hz."""
    pitch_hz = 30 * (4000 / 30) ** random.random()
    tone = np.zeros(SOUNDING)
    for harmonic in range(1, int(random.integers(2, 13))):
        level, phase = random.normal() / harmonic, random.uniform(0, 2 * np.pi)
        if pitch_hz * harmonic < 20_000:
            tone += level * np.sin(2 * np.pi * pitch_hz * harmonic * SECONDS + phase)
    return tone * _fall(random)


def _swell(random: np.random.Generator, _: np.ndarray) -> np.ndarray:
    """A low tone with noise that takes 100 to 400 ms to rise."""
    pitch_hz = 30 * (400 / 30) ** random.random()
    sound = np.sin(2 * np.pi * pitch_hz * SECONDS) + random.uniform(0, 0.5) * random.standard_normal(SOUNDING)
    return sound * np.minimum(SECONDS / random.uniform(0.1, 0.4), 1)


def _reversed(random: np.random.Generator, hits: np.ndarray) -> np.ndarray:
    return _any(random, hits)[::-1]


def _tick(random: np.random.Generator, _: np.ndarray) -> np.ndarray:
    """1.4 ms of noise or less, and nothing behind."""
    tick = np.zeros(SOUNDING)
    size = int(random.integers(1, 61))
    tick[:size] = random.standard_normal(size)
    return tick


def _shuffled(random: np.random.Generator, hits: np.ndarray) -> np.ndarray:
    """A hit cut into pieces of 9 to 68 ms, in another order."""
    hit, size = _any(random, hits), int(random.integers(400, 3000))
    pieces = [hit[i : i + size] for i in range(0, SOUNDING, size)]
    return np.concatenate([pieces[i] for i in random.permutation(len(pieces))])


def _roll(random: np.random.Generator, hits: np.ndarray) -> np.ndarray:
    """A hit every 60 to 200 ms."""
    sound, at = np.zeros(SOUNDING), 0
    while at < SOUNDING:
        sound[at:] += _any(random, hits)[: SOUNDING - at]
        at += int(random.uniform(0.06, 0.2) * SAMPLE_RATE)
    return sound


def _pulses(random: np.random.Generator, _: np.ndarray) -> np.ndarray:
    """A pulse every 16 to 2000 samples, as up-convolution leaves them, in a little noise."""
    sound = 0.01 * random.standard_normal(SOUNDING)
    sound[:: int(random.choice([16, 32, 64, 128, 256, 512, 1000, 2000]))] += 1
    return sound * _fall(random)


def _smeared(random: np.random.Generator, hits: np.ndarray) -> np.ndarray:
    """The spectrum of a hit with random phases: its timbre without its course."""
    spectrum = np.abs(np.fft.rfft(_any(random, hits)))
    return np.fft.irfft(spectrum * np.exp(2j * np.pi * random.random(len(spectrum))), SOUNDING)


NONDRUM_KINDS: dict[str, Make] = {
    "steady noise": _steady_noise,
    "steady tone": _steady_tone,
    "swell": _swell,
    "reversed hit": _reversed,
    "tick": _tick,
    "shuffled hit": _shuffled,
    "roll": _roll,
    "pulses": _pulses,
    "smeared hit": _smeared,
}


def kind_of(seed: int) -> str:
    """The kind that a seed makes.

    >>> kind_of(0), kind_of(len(NONDRUM_KINDS))
    ('steady noise', 'steady noise')
    """
    return list(NONDRUM_KINDS)[seed % len(NONDRUM_KINDS)]


def nondrums(seeds: Sequence[int], hits: np.ndarray) -> np.ndarray:
    """float32 [n, LENGTH], a sound a seed. hits: [m, LENGTH] prepared hits that are taken apart."""
    waves = np.zeros((len(seeds), LENGTH), np.float32)
    for wave, seed in zip(waves, seeds, strict=True):
        random = np.random.Generator(np.random.Philox(key=seed))
        sound = NONDRUM_KINDS[kind_of(seed)](random, hits)
        wave[ONSET:] = sound * (PEAK / np.abs(sound).max())
    return waves


def _any(random: np.random.Generator, hits: np.ndarray) -> np.ndarray:
    return hits[int(random.integers(len(hits)))][ONSET:]


def _fall(random: np.random.Generator) -> np.ndarray:
    return np.exp(-float(random.choice(FALLS)) * SECONDS)
