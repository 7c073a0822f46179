"""What lies over the body of a rendered kick: click, noise, and the reflections of a room."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from kickitout.sound import SAMPLE_RATE
from kickitout.synthesis.parameters import KickParameters
from kickitout.synthesis.signal import (
    AUDIBLE,
    LN10,
    Wave,
    at_level,
    fall_to_60db,
    generator,
    quick_size,
    seconds,
    sine_of,
    summed,
)

_ROOM_TAPS = 32
_ROOM_FIRST_MS = 2.5  # the nearest reflection has travelled 0.9 m further than the direct sound


def click_layer(p: KickParameters) -> Wave:
    """The click alone, at a scale of its own: [n] samples from ONSET on, until it has fallen by 80 dB."""
    n = min(AUDIBLE, math.ceil(p.click_ms / 1000 * SAMPLE_RATE * 4 / 3))  # to -80 dB
    decay = fall_to_60db(n, SAMPLE_RATE, p.click_ms / 1000)
    tone = sine_of(seconds(SAMPLE_RATE)[:n] * p.click_centroid_hz) * decay
    if p.click_noise == 0:
        return tone
    spectrum = _white(p.seed, 0, n)
    off_centre = (_bins_hz(len(spectrum)) - p.click_centroid_hz) / p.click_bandwidth_hz
    noise = _to_wave(spectrum * np.exp(-0.25 * np.square(off_centre)), n)
    noise *= decay
    return at_level(noise, p.click_noise) + at_level(tone, 1 - p.click_noise)


def noise_layer(p: KickParameters) -> Wave:
    n = min(AUDIBLE, math.ceil(p.noise_decay_ms / 1000 * SAMPLE_RATE))
    spectrum = _white(p.seed, 1, n)
    octaves, no_rumble = _octaves(len(spectrum))
    slope = np.exp(octaves * (p.noise_tilt_db_per_octave * LN10 / 20))
    noise = _to_wave(spectrum * slope * no_rumble, n)
    noise *= fall_to_60db(n, SAMPLE_RATE, p.noise_decay_ms / 1000)
    return noise


def room_layer(p: KickParameters, parts: Mapping[str, Wave]) -> Wave:
    """Sparse reflections: one of random sign at a random place in each of 32 equal cells ("velvet noise": Karjalainen &
    Järveläinen, AES 30th Int. Conf., 2007), decaying, of a sound that has lost its top to the walls."""
    dry = summed(parts)
    dull = np.float32(0.5) * dry
    dull[1:] += np.float32(0.3) * dry[:-1]
    dull[2:] += np.float32(0.2) * dry[:-2]
    rng = generator(p.seed, 2)
    first = _ROOM_FIRST_MS
    span = max(min(0.75 * p.room_ms, 400.0), 2 * first) - first
    at_ms = first + span * (np.arange(_ROOM_TAPS) + rng.random(_ROOM_TAPS)) / _ROOM_TAPS
    gains = np.where(rng.random(_ROOM_TAPS) < 0.5, -1.0, 1.0) * 10 ** (-3 * at_ms / p.room_ms)
    wet = np.zeros(AUDIBLE, np.float32)
    echo = np.empty(AUDIBLE, np.float32)
    sounding = max(len(part) for part in parts.values()) + 2
    for delay, gain in zip((at_ms / 1000 * SAMPLE_RATE).astype(int).tolist(), gains.tolist(), strict=True):
        n = min(sounding, AUDIBLE - delay)
        wet[delay : delay + n] += np.multiply(dull[:n], np.float32(gain), out=echo[:n])
    return wet


def _white(seed: int, stream: int, n: int) -> NDArray[np.complex128]:
    """Spectrum of n samples of white noise or a few more: drawn where it is shaped, which spares a transform."""
    size = quick_size(n)
    spectrum = np.zeros(size // 2 + 1, np.complex128)
    spectrum[1:-1] = generator(seed, stream).standard_normal(size, dtype=np.float32).view(np.complex64)[1:]
    return spectrum


def _to_wave(spectrum: NDArray[np.complex128], n: int) -> Wave:
    return np.fft.irfft(spectrum)[:n].astype(np.float32)


@lru_cache(maxsize=16)
def _bins_hz(count: int) -> NDArray[np.float64]:
    return np.linspace(0, SAMPLE_RATE / 2, count)


@lru_cache(maxsize=16)
def _octaves(count: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Octaves above 1 kHz of each bin, and a high-pass at 100 Hz: a tilted noise would otherwise be all rumble."""
    hz = np.maximum(_bins_hz(count), 1.0)
    return np.log2(hz / 1000), 1 / (1 + (100 / hz) ** 4)
