"""Chroma: how much each pitch class has, in frames of a sound.

A partial counts for the pitch it has and for those of which it could be the second to fourth partial (HPCP: Gomez 2006,
doi.org/10.1287/ijoc.1040.0126). float64, NumPy alone.
"""

from __future__ import annotations

import numpy as np

from kickitout.audio import resample
from kickitout.fitting.spectrum import frame_magnitudes, peak_offset

CHROMA_RATE = 11_025  # Hz
WINDOW, HOP = 4096, 1024  # samples: 372 and 93 ms
CHROMA_SECONDS = HOP / CHROMA_RATE  # from one frame to the next
LOWEST_HZ, HIGHEST_HZ = 36.0, 1760.0
PEAK_DB = 12.0  # by which a partial stands out of the median of its frame
RANGE_DB = -50.0  # re the loudest partial of the loop
PARTIALS, NEXT_PARTIAL = 4, 0.6  # of a pitch that a partial may be, and the weight of each re the one before


def chroma_of(wave: np.ndarray, rate: int, lowest_hz: float = LOWEST_HZ) -> tuple[np.ndarray, float]:
    """What each pitch class has in each frame of 93 ms among the partials from lowest_hz to 1.76 kHz, float64
    [frames, 12], zeros where there are none; and the share of the energy there that partials have.

    Each partial counts with the square root of its amplitude, so that one loud part does not hide the others.
    """
    level = frame_magnitudes(resample(wave, rate, CHROMA_RATE), WINDOW, HOP)
    hz = np.fft.rfftfreq(WINDOW, 1 / CHROMA_RATE)
    first, last = int(np.searchsorted(hz, lowest_hz)), int(np.searchsorted(hz, HIGHEST_HZ))
    part, around = level[:, first:last], (level[:, first - 1 : last - 1], level[:, first + 1 : last + 1])
    floor = np.maximum(
        np.median(part, axis=1, keepdims=True) * 10 ** (PEAK_DB / 20), part.max() * 10 ** (RANGE_DB / 20)
    )
    frame, column = np.nonzero((part > around[0]) & (part >= around[1]) & (part > np.maximum(floor, 1e-9)))
    found = np.zeros((len(level), 12))
    if len(frame) == 0:
        return found, 0.0
    place = column + first + peak_offset(*(x[frame, column] for x in (around[0], part, around[1])))
    for k in range(1, PARTIALS + 1):
        midi = 69 + 12 * np.log2(place * (CHROMA_RATE / WINDOW) / (440 * k))
        near = np.round(midi)
        weight = NEXT_PARTIAL ** (k - 1) * np.sqrt(part[frame, column]) * np.clip(1 - 2 * np.abs(midi - near), 0, 1)
        np.add.at(found, (frame, near.astype(int) % 12), weight)
    power = level[:, first - 1 : last + 1] ** 2
    tonal = sum(float(power[frame, column + k].sum()) for k in (0, 1, 2)) / max(float(power.sum()), 1e-30)
    return found, min(1.0, tonal)


def mean_chroma(frames: np.ndarray) -> np.ndarray:
    """[12], their sum 1, of frames [n, 12]; zeros where there is nothing."""
    total = frames.sum(axis=0)
    found: np.ndarray = total / max(float(total.sum()), 1e-12)
    return found


def correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Pearson's, of two chromas [12]; 0 where one is flat."""
    a, b = a - a.mean(), b - b.mean()
    size = float(np.sqrt((a**2).sum() * (b**2).sum()))
    return float((a * b).sum()) / size if size > 1e-12 else 0.0
