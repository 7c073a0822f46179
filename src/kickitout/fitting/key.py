"""The key of a loop: its pitch classes against the profiles of the 24 keys, and what its bass rests on.

The profiles are the probe-tone ratings of Krumhansl & Kessler 1982 (doi.org/10.1037/0033-295X.89.4.334), compared by
correlation as in Krumhansl 1990. The tonic is as well what a bass plays most and first; each has its weight. A loop
without any pitch has a flat chroma, and its confidence is near 0.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kickitout.audio import resample
from kickitout.fitting.bass import Bass
from kickitout.fitting.spectrum import frame_magnitudes, peak_offset
from kickitout.notes import NOTE_NAMES

KEY_RATE = 11_025  # Hz
KEY_WINDOW, KEY_HOP = 4096, 1024  # samples: 372 and 93 ms
KEY_LOWEST_HZ, KEY_HIGHEST_HZ = 36.0, 1760.0
PEAK_DB = 12.0  # by which a partial stands out of the median of its frame
RANGE_DB = -50.0  # re the loudest partial of the loop
PROFILES = {
    "major": (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88),
    "minor": (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17),
}
BASS_SHARE = 0.4  # weight of what the bass plays most
BASS_FIRST = 1.0  # and of what it plays in the first bar
HEARD = 0.1  # confidence of a bass from which on it has its full weight
TONAL = 0.8  # share of the energy in partials from which on a loop is all tones
UNSURE = 0.55  # of a key that another one equals
LEAST_KEY_CONFIDENCE = 0.5


@dataclass(frozen=True)
class Key:
    """tonic: pitch class, 0 is C; mode: "major" or "minor"; confidence: 0 to 1, of the tonic; chroma: [12], sum 1."""

    tonic: int
    mode: str
    confidence: float
    chroma: np.ndarray

    @property
    def known(self) -> bool:
        return self.confidence >= LEAST_KEY_CONFIDENCE

    @property
    def name(self) -> str:
        return f"{NOTE_NAMES[self.tonic]} {self.mode}"


def chroma_of(wave: np.ndarray, rate: int) -> tuple[np.ndarray, float]:
    """Share of each pitch class among the partials from 36 Hz to 1.76 kHz, float64 [12], zeros where there are none;
    and the share of the energy there that partials have.

    Each partial counts with the square root of its amplitude, so that one loud part does not hide the others.
    """
    level = frame_magnitudes(resample(wave, rate, KEY_RATE), KEY_WINDOW, KEY_HOP)
    hz = np.fft.rfftfreq(KEY_WINDOW, 1 / KEY_RATE)
    first, last = int(np.searchsorted(hz, KEY_LOWEST_HZ)), int(np.searchsorted(hz, KEY_HIGHEST_HZ))
    part, around = level[:, first:last], (level[:, first - 1 : last - 1], level[:, first + 1 : last + 1])
    floor = np.maximum(
        np.median(part, axis=1, keepdims=True) * 10 ** (PEAK_DB / 20), part.max() * 10 ** (RANGE_DB / 20)
    )
    frame, column = np.nonzero((part > around[0]) & (part >= around[1]) & (part > np.maximum(floor, 1e-9)))
    found = np.zeros(12)
    if len(frame) == 0:
        return found, 0.0
    place = column + first + peak_offset(*(x[frame, column] for x in (around[0], part, around[1])))
    midi = 69 + 12 * np.log2(place * (KEY_RATE / KEY_WINDOW) / 440)
    near = np.round(midi)
    weight = np.sqrt(part[frame, column]) * np.clip(1 - 2 * np.abs(midi - near), 0, 1)
    np.add.at(found, near.astype(int) % 12, weight)
    power = level[:, first - 1 : last + 1] ** 2
    tonal = sum(float(power[frame, column + k].sum()) for k in (0, 1, 2)) / max(float(power.sum()), 1e-30)
    return found / max(float(found.sum()), 1e-12), min(1.0, tonal)


def find_key(wave: np.ndarray, rate: int, bass: Bass, bar: float) -> Key:
    """The key of a wave [T] whose bass is known. bar: seconds at the begin in which the tonic is expected."""
    chroma, tonal = chroma_of(wave, rate)
    names = [(tonic, mode) for tonic in range(12) for mode in PROFILES]
    likeness = np.array([_correlation(chroma, np.roll(PROFILES[mode], tonic)) for tonic, mode in names])
    below = np.zeros(12)
    if bass.notes:
        below = min(1.0, bass.confidence / HEARD) * (
            BASS_SHARE * bass.classes() + BASS_FIRST * bass.classes(0.75 * bar)
        )
    scores = likeness + below[[tonic for tonic, _ in names]]
    best = int(np.argmax(np.round(scores, 9)))
    tonic, mode = names[best]
    other = max(score for score, (t, _) in zip(scores, names, strict=True) if t != tonic)
    clear = min(1.0, UNSURE + float(scores[best] - other))
    return Key(tonic, mode, min(1.0, tonal / TONAL) * clear, chroma)


def _correlation(a: np.ndarray, b: np.ndarray) -> float:
    a, b = a - a.mean(), b - b.mean()
    size = float(np.sqrt((a**2).sum() * (b**2).sum()))
    return float((a * b).sum()) / size if size > 1e-12 else 0.0
