"""Tempo and beats of a loop, from the repetition of its onsets.

The onset strength is the rise of the logarithmic level, summed over bands a third of an octave wide (spectral flux;
Bello et al. 2005, doi.org/10.1109/TSA.2005.851998). A period scores by the autocorrelation at it and its multiples, and
by how usual its tempo is (a Gaussian over octaves: Ellis 2007, doi.org/10.1080/09298210701653344). Everything is
float64 and NumPy alone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from kickitout.fitting.spectrum import frame_magnitudes

FRAMES = 100.0  # a second
WINDOW = 2048  # samples at 44.1 kHz: 46 ms
LOWEST_HZ, HIGHEST_HZ = 30.0, 16_000.0
BANDS_AN_OCTAVE = 3
FLOOR_DB = -60.0  # re the loudest cell; what is quieter rises for nobody
LOWEST_BPM, HIGHEST_BPM = 55.0, 200.0
STEP = 1.002  # between two tempi that are tried
MULTIPLES = np.array([1.0, 2, 3, 4, 5, 6, 7, 8])  # of a period that count
WEIGHTS = np.array([1.0, 0.8, 0.25, 0.7, 0.2, 0.2, 0.2, 0.6])  # music in fours repeats after 2, 4 and 8 beats
USUAL_BPM, USUAL_OCTAVES = 132.0, 0.6
DUPLE = 0.3  # what it adds that halves of a beat repeat and thirds don't
WHOLE_BARS = 0.15  # what it adds that a loop is as long as 1, 2, 4, 8 ... bars of a tempo
BARS = (1, 2, 3, 4, 6, 8, 12, 16, 32, 64)  # of a loop that is cut on its bars
CUT_TO_BARS = 0.004  # relative: so near to whole bars it counts as cut there, and begins on a beat
ODD_BARS = 0.4  # of that for 3, 6 and 12 bars
SURE = 0.4  # repetition at which the confidence is 1
CLEAR_DB = 5.0  # of the strongest onsets, in the mean over bands: from here on they are onsets, not beating tones
LEAST_BEAT_CONFIDENCE = 0.5  # below it a loop is said to have no beat


@dataclass(frozen=True)
class Tempo:
    """bpm: beats a minute; first_beat: seconds; confidence: 0 to 1, LEAST_BEAT_CONFIDENCE or more where a beat is;
    given: whether the tempo was said and not heard (the confidence is then 1)."""

    bpm: float
    first_beat: float
    confidence: float
    given: bool = False

    @property
    def known(self) -> bool:
        return self.confidence >= LEAST_BEAT_CONFIDENCE

    def beats(self, seconds: float) -> np.ndarray:
        """Times of the beats of a loop of so many seconds."""
        period = 60 / self.bpm
        return self.first_beat + period * np.arange(max(1, math.floor((seconds - self.first_beat) / period - 0.25) + 1))


def onset_strength(wave: np.ndarray, rate: int) -> np.ndarray:
    """How much begins in each hundredth of a second, float64 [frames], in dB a band; wave [T] at `rate` Hz."""
    hop = round(rate / FRAMES)
    count = -(-len(wave) // hop)
    power = frame_magnitudes(wave, WINDOW, hop) ** 2
    hz = np.fft.rfftfreq(WINDOW, 1 / rate)
    band = np.floor(BANDS_AN_OCTAVE * np.log2(np.maximum(hz, 1e-9) / LOWEST_HZ)).astype(int)
    kept = (hz >= LOWEST_HZ) & (hz < min(HIGHEST_HZ, rate / 2))
    edges = np.flatnonzero(np.diff(band[kept], prepend=-1))
    energy = np.add.reduceat(power[:, kept], edges, axis=1)
    level = 10 * np.log10(np.maximum(energy / max(float(energy.max()), 1e-30), 10 ** (FLOOR_DB / 10)))
    rise = np.maximum(level[2:] - level[:-2], 0)  # over 20 ms: less than the window, more than a wave's own beating
    return np.concatenate([[0.0, 0.0], rise.mean(axis=1)])[:count]


def find_tempo(wave: np.ndarray, rate: int) -> Tempo:
    """The tempo and the first beat of a loop [T]. A loop whose onsets don't repeat has a confidence near 0."""
    strength = onset_strength(wave, rate)
    flow = strength - _smooth(strength, round(FRAMES))
    likeness = _autocorrelation(flow)
    bpms = LOWEST_BPM * STEP ** np.arange(math.ceil(math.log(HIGHEST_BPM / LOWEST_BPM, STEP)))
    scores, evidence = _scores(likeness, bpms, len(wave) / rate)
    best = int(np.argmax(np.round(scores, 6)))
    bpm = _refined(likeness, float(bpms[best]), len(wave) / rate)
    return Tempo(bpm, _begin(flow, bpm, len(wave) / rate), _confidence(float(evidence[best]), strength))


def given_tempo(wave: np.ndarray, rate: int, bpm: float) -> Tempo:
    """A tempo that was given, and where its first beat is heard in a loop [T]."""
    strength = onset_strength(wave, rate)
    return Tempo(bpm, _begin(strength - _smooth(strength, round(FRAMES)), bpm, len(wave) / rate), 1.0, given=True)


def _begin(flow: np.ndarray, bpm: float, seconds: float) -> float:
    """Seconds of the first beat: 0 in a loop that is cut on its bars."""
    bars = seconds * bpm / 240
    whole = any(abs(bars / count - 1) < CUT_TO_BARS for count in BARS)
    return 0.0 if whole else _first_beat(np.maximum(flow, 0), bpm)


def _scores(likeness: np.ndarray, bpms: np.ndarray, seconds: float) -> tuple[np.ndarray, np.ndarray]:
    evidence = _comb(likeness, 60 * FRAMES / bpms)
    usual = np.exp(-0.5 * (np.log2(bpms / USUAL_BPM) / USUAL_OCTAVES) ** 2)
    bars = seconds * bpms / 240
    whole = np.zeros(len(bpms))
    for count in BARS:
        share = 1.0 if count & (count - 1) == 0 else ODD_BARS
        whole = np.maximum(whole, share * WHOLE_BARS * np.exp(-0.5 * ((bars / count - 1) / CUT_TO_BARS) ** 2))
    duple = DUPLE * _duple(likeness, 60 * FRAMES / bpms)
    return np.maximum(evidence + duple + whole, 0) * usual, evidence


def _comb(likeness: np.ndarray, periods: np.ndarray) -> np.ndarray:
    """Weighted mean of the likeness at the multiples of periods [n] in frames that the loop is long enough for, [n]."""
    lags = periods[:, None] * MULTIPLES
    weights = np.where(lags < len(likeness) - 2, WEIGHTS, 0.0)
    found: np.ndarray = (weights * _at(likeness, lags)).sum(axis=1) / np.maximum(weights.sum(axis=1), 1.0)
    return found


def _duple(likeness: np.ndarray, periods: np.ndarray) -> np.ndarray:
    """Likeness at half a period and at one and a half, less that at its thirds: music in fours has no thirds. [n]."""
    halves, thirds = (periods[:, None] * np.array(parts) for parts in ((0.5, 1.5), (1 / 3, 2 / 3, 4 / 3)))
    found: np.ndarray = _at(likeness, halves).mean(axis=1) - _at(likeness, thirds).mean(axis=1)
    return found


def _at(likeness: np.ndarray, lags: np.ndarray) -> np.ndarray:
    """The likeness between whole lags, of any shape."""
    return np.interp(lags, np.arange(len(likeness)), likeness)


def _refined(likeness: np.ndarray, bpm: float, seconds: float) -> float:
    """The tempo near `bpm` at which most of the loop repeats, to a ten-thousandth."""
    tried = bpm * (1 + np.linspace(-0.006, 0.006, 121))
    scores, _ = _scores(likeness, tried, seconds)
    return float(tried[int(np.argmax(np.round(scores, 9)))])


def _autocorrelation(flow: np.ndarray) -> np.ndarray:
    """Likeness of the onsets to themselves at each lag, 1 at lag 0; a lag that leaves little to compare counts less."""
    spread = np.convolve(flow, np.hanning(7) / np.hanning(7).sum(), mode="same")  # 60 ms: swing and rounding
    size = 1 << (2 * len(flow)).bit_length()
    spectrum = np.abs(np.fft.rfft(spread, size)) ** 2
    raw = np.fft.irfft(spectrum, size)[: max(2, int(0.8 * len(flow)))]
    there = (len(flow) - np.arange(len(raw))) / len(flow)
    return raw / max(float(raw[0]), 1e-30) / there


def _first_beat(rises: np.ndarray, bpm: float) -> float:
    """Seconds of the first beat: the phase at which most begins, low and high together."""
    period = 60 * FRAMES / bpm
    phases = np.arange(0, min(period, len(rises)), 0.5)
    spread = np.convolve(rises, np.hanning(7) / np.hanning(7).sum(), mode="same")
    sums = [
        float(np.interp(np.arange(phase, len(spread), period), np.arange(len(spread)), spread).mean())
        for phase in phases
    ]
    return float(phases[int(np.argmax(np.round(sums, 9)))] / FRAMES)


def _confidence(evidence: float, strength: np.ndarray) -> float:
    """0 to 1: how much the onsets repeat, and whether there are any."""
    clear = min(1.0, float(np.quantile(strength, 0.98)) / CLEAR_DB)
    return max(0.0, min(1.0, evidence * clear / SURE))


def _smooth(values: np.ndarray, width: int) -> np.ndarray:
    """Running mean over `width` values, of what is there at the ends."""
    sums = np.convolve(values, np.ones(width), mode="same")
    return sums / np.convolve(np.ones(len(values)), np.ones(width), mode="same")
