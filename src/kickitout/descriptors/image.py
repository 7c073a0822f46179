"""The scalogram of a sound: level over time and pitch, on a logarithmic scale of frequency, to look at.

A short-time transform has one window for all frequencies, too short for the sub or too long for the click. Here each
row is a band as wide as its frequency is high (a Morlet wavelet: Grossmann & Morlet 1984, doi.org/10.1137/0515056), so
the click is sharp in time and the body in pitch.
"""

from __future__ import annotations

import numpy as np

from kickitout.sound import SAMPLE_RATE

SCALOGRAM_ROWS, SCALOGRAM_COLUMNS = 96, 250  # pitches; times: 2 ms each for a kick of 500 ms
SCALOGRAM_LOW_HZ, SCALOGRAM_HIGH_HZ = 20.0, 20_000.0  # centres of the lowest row and of the highest
WIDTH = 1 / 8  # standard deviation of a band re its centre: 25 ms in time at 50 Hz, 0.3 ms at 4 kHz
BAND_REACH = 4.0  # deviations that are computed: -70 dB at the edge
SCALOGRAM_FLOOR_DB = -80.0


def scalogram(wave: np.ndarray, rate: float = SAMPLE_RATE) -> np.ndarray:
    """wave [T] -> float32 [SCALOGRAM_ROWS, SCALOGRAM_COLUMNS], the lowest row first: dB re a full-scale sine, not below
    SCALOGRAM_FLOOR_DB.

    >>> t = np.arange(22050) / 44100
    >>> seen = scalogram(np.sin(2 * np.pi * 200 * t))
    >>> row = int(seen.mean(axis=1).argmax())
    >>> bool(abs(row_hz()[row] / 200 - 1) < 0.04), bool(abs(seen[row, 125]) < 0.2)
    (True, True)
    """
    size = 1 << (3 * len(wave) // 2 - 1).bit_length()  # silence behind: nothing runs from the end into the beginning
    spectrum = np.fft.rfft(np.asarray(wave, np.float32), size)
    bin_hz = rate / size
    out = np.empty((SCALOGRAM_ROWS, SCALOGRAM_COLUMNS), np.float32)
    for row, hz in enumerate(row_hz()):
        first = max(0, round(hz * (1 - BAND_REACH * WIDTH) / bin_hz))
        last = min(len(spectrum), round(hz * (1 + BAND_REACH * WIDTH) / bin_hz) + 1)
        gain = np.exp(-0.5 * ((np.arange(first, last) * bin_hz / hz - 1) / WIDTH) ** 2)
        points = max(1024, 1 << (last - first - 1).bit_length())  # the band alone, moved down to 0 Hz
        band = np.fft.ifft(spectrum[first:last] * gain, points) * (2 * points / size)
        out[row] = _column_means(np.square(np.abs(band)), len(wave) / size * points)
    return np.maximum(10 * np.log10(np.maximum(out, 1e-12)), SCALOGRAM_FLOOR_DB).astype(np.float32)


def row_hz() -> np.ndarray:
    """[SCALOGRAM_ROWS] the centre of each row."""
    return np.geomspace(SCALOGRAM_LOW_HZ, SCALOGRAM_HIGH_HZ, SCALOGRAM_ROWS)


def _column_means(power: np.ndarray, length: float) -> np.ndarray:
    """The mean of power [M] over each of SCALOGRAM_COLUMNS equal parts of its first `length` points."""
    summed = np.concatenate([[0.0], np.cumsum(power)])
    edges = np.interp(np.linspace(0, length, SCALOGRAM_COLUMNS + 1), np.arange(len(summed)), summed)
    return np.diff(edges) * (SCALOGRAM_COLUMNS / length)
