"""What a loop does in the octaves of a bass: the notes of its bass, and when the low end is busy.

The fundamental of a frame is its lowest strong partial, read off a zero-padded spectrum by a parabola through the
logarithm of three bins (Smith & Serra 1987). Frames of one semitone in a row are a note. float64, NumPy alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from kickitout.audio import resample
from kickitout.fitting.spectrum import frame_magnitudes, peak_offset
from kickitout.notes import to_midi

LOW_RATE = 2205  # Hz: a twentieth of 44.1 kHz
WINDOW_SECONDS = 0.16  # six periods of E1, the lowest note of a bass guitar
HOP_SECONDS = 0.02
SIZE = 4096  # of the padded spectrum: a bin is 0.54 Hz
LOWEST_HZ, HIGHEST_HZ = 28.0, 165.0  # up to E3; drums have their body above
STRONG_DB = -14.0  # re the strongest partial of its frame
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
    """The notes below 165 Hz of a wave [T]."""
    window, hop = round(WINDOW_SECONDS * LOW_RATE), round(HOP_SECONDS * LOW_RATE)
    power = frame_magnitudes(resample(wave, rate, LOW_RATE), window, hop, SIZE) ** 2
    step = LOW_RATE / SIZE
    first, last = int(LOWEST_HZ / step), int(HIGHEST_HZ / step)
    energy = power[:, first:last].sum(axis=1)
    loud = energy > max(float(energy.max(initial=0.0)), 1e-12) * 10 ** (AUDIBLE_DB / 10)
    pitches = np.array(
        [_fundamental(row, first, last) * step if on else 0.0 for row, on in zip(power, loud, strict=True)]
    )
    midi = np.array([to_midi(hz) if hz > 0 else np.nan for hz in pitches])
    return _notes(midi, energy, loud)


def _fundamental(power: np.ndarray, first: int, last: int) -> float:
    """The bin, with its fraction, of the lowest strong peak."""
    part = power[first - 1 : last + 1]
    middle = part[1:-1]
    peaks = np.flatnonzero((middle > part[:-2]) & (middle >= part[2:])) + first
    if len(peaks) == 0:
        return 0.0
    strong = peaks[power[peaks] >= power[peaks].max() * 10 ** (STRONG_DB / 10)]
    at = int(strong[0])
    return at + float(peak_offset(*power[at - 1 : at + 2]))


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
