"""What a loop does in the octaves of a bass: the notes of its bass, and when the low end is busy.

The fundamental of a frame is the pitch whose partials together are the strongest, each counting less than the one below
it: subharmonic summation of spectral peaks (Hermes 1988, doi.org/10.1121/1.396427). So a bass is heard whose own
fundamental is weak or hidden by a drum. Frames of one semitone in a row are a note. float64, NumPy alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from kickitout.audio import resample
from kickitout.fitting.spectrum import frame_magnitudes, peak_offset
from kickitout.notes import to_hz, to_midi

LOW_RATE = 2205  # Hz: a twentieth of 44.1 kHz
WINDOW_SECONDS = 0.16  # six periods of E1, the lowest note of a bass guitar
HOP_SECONDS = 0.02
SIZE = 4096  # of the padded spectrum: a bin is 0.54 Hz
LOWEST_HZ, HIGHEST_HZ = 32.0, 172.0  # C1 to F3: of a fundamental
STEP = 0.2  # semitones between two pitches that are compared
PARTIALS, PARTIALS_TO_HZ = 8, 600.0
NEXT_PARTIAL = 0.84  # its weight re the one below it, after Hermes
PEAK_DB, PEAK_BINS = -30.0, 4  # re the strongest of its frame; and so many bins of 0.54 Hz around it are kept
EDGE = 0.35  # semitones: what is so near to the end of the range lies beyond it
ENERGY_HZ = (28.0, 330.0)  # what a frame is weighed by
AUDIBLE_DB = -30.0  # re the loudest frame of the loop
LEAST_FRAMES = 3  # of a note
GLIDE = 0.15  # semitones: a note whose pitch moves so much (RMS, middle half) counts exp(-1); kicks fall by more
OUT_OF_TUNE = 0.35  # semitones off the loop's own tuning: likewise
LEAST_BASS_CONFIDENCE = 0.25  # below it a loop is said to have no bass


@dataclass(frozen=True)
class BassNote:
    """start, seconds: when; midi: the nearest note; weight: its share of the energy of all notes, 0 to 1."""

    start: float
    seconds: float
    midi: int
    weight: float


@dataclass(frozen=True)
class Bass:
    """notes in the order of time; confidence: share of the low energy that lies in steady notes, 0 to 1."""

    notes: tuple[BassNote, ...]
    confidence: float

    @property
    def known(self) -> bool:
        return self.confidence >= LEAST_BASS_CONFIDENCE

    def classes(self, until: float = float("inf")) -> np.ndarray:
        """Share of each pitch class among the notes that begin before `until` seconds, C first, float64 [12]."""
        found = np.zeros(12)
        for note in self.notes:
            if note.start < until:
                found[note.midi % 12] += note.weight
        return found / max(float(found.sum()), 1e-12)

    @property
    def lowest(self) -> int:
        """MIDI of the register: the median of the notes by weight."""
        order = sorted(self.notes, key=lambda note: note.midi)
        reached = np.cumsum([note.weight for note in order])
        return order[int(np.searchsorted(reached, 0.5 * reached[-1] - 1e-9))].midi


def find_bass(wave: np.ndarray, rate: int) -> Bass:
    """The notes of a wave [T] whose fundamental lies below 172 Hz."""
    window, hop = round(WINDOW_SECONDS * LOW_RATE), round(HOP_SECONDS * LOW_RATE)
    level = frame_magnitudes(resample(wave, rate, LOW_RATE), window, hop, SIZE)
    first, last = (int(hz * SIZE / LOW_RATE) for hz in ENERGY_HZ)
    energy = (level[:, first:last] ** 2).sum(axis=1)
    loud = energy > max(float(energy.max(initial=0.0)), 1e-12) * 10 ** (AUDIBLE_DB / 10)
    return _notes(np.where(loud, _fundamentals(_peaks_alone(level)), np.nan), energy, loud)


def _peaks_alone(level: np.ndarray) -> np.ndarray:
    """Magnitudes [frames, bins] without what is no peak: noise would add up to the lowest pitch that is tried."""
    least = level.max(axis=1, keepdims=True) * 10 ** (PEAK_DB / 20)
    inner = level[:, 1:-1]
    peaks = np.pad((inner > level[:, :-2]) & (inner >= level[:, 2:]) & (inner > least), ((0, 0), (1, 1)))
    before = np.pad(peaks.cumsum(axis=1), ((0, 0), (PEAK_BINS + 1, PEAK_BINS)), mode="edge")
    before[:, : PEAK_BINS + 1] = 0
    near = before[:, 2 * PEAK_BINS + 1 :] > before[:, : -2 * PEAK_BINS - 1]
    return level * near


def _fundamentals(level: np.ndarray) -> np.ndarray:
    """MIDI pitch of each frame of magnitudes [frames, bins]; NaN where it is the lowest or highest that is tried."""
    tried = np.arange(to_midi(LOWEST_HZ), to_midi(HIGHEST_HZ), STEP)
    fundamental = np.array([to_hz(float(midi)) for midi in tried])
    salience = np.zeros((len(level), len(tried)))
    for k in range(1, PARTIALS + 1):
        hz = k * fundamental
        place = np.minimum(hz, PARTIALS_TO_HZ) * SIZE / LOW_RATE
        bin_, part = place.astype(int), place % 1
        there = NEXT_PARTIAL ** (k - 1) * (hz < PARTIALS_TO_HZ)
        salience += there * ((1 - part) * level[:, bin_] + part * level[:, bin_ + 1])
    best = np.clip(salience.argmax(axis=1), 1, len(tried) - 2)
    rows = np.arange(len(level))
    off = peak_offset(*(salience[rows, best + k] for k in (-1, 0, 1)))
    found = tried[best] + STEP * np.clip(off, -0.5, 0.5)
    return np.where((found > tried[0] + EDGE) & (found < tried[-1] - EDGE), found, np.nan)


def _notes(midi: np.ndarray, energy: np.ndarray, loud: np.ndarray) -> Bass:
    hop = round(HOP_SECONDS * LOW_RATE) / LOW_RATE
    rounded = np.where(np.isnan(midi), -1, np.round(np.nan_to_num(midi))).astype(int)
    edges = [0, *(np.flatnonzero(np.diff(rounded)) + 1).tolist(), len(rounded)]
    total = max(float(energy[loud].sum()), 1e-12)
    found = []
    for begin, end in pairwise(edges):
        if rounded[begin] > 0 and end - begin >= LEAST_FRAMES:
            quarter = (end - begin) // 4
            inside = midi[begin + quarter : end - quarter]
            glide = float(inside.std())
            off = float(inside.mean()) - rounded[begin]
            steady = np.exp(-((glide / GLIDE) ** 2) - (off / OUT_OF_TUNE) ** 2)
            share = float(energy[begin:end].sum()) / total * float(steady)
            found.append(BassNote(begin * hop, (end - begin) * hop, int(rounded[begin]), share))
    return Bass(tuple(found), min(1.0, sum(note.weight for note in found)))
