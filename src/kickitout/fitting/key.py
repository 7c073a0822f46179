"""The key of a loop: its pitch classes against the profiles of the 24 keys, and where its bass begins.

A partial counts for the pitch it has and for those of which it could be the second to fourth partial (HPCP: Gomez 2006,
doi.org/10.1287/ijoc.1040.0126). The profiles are Temperley's, of 2007 (*Music and Probability*, MIT Press), compared by
correlation as in Krumhansl 1990. They cannot tell a key from its relatives in a loop of two bars; that it begins on its
tonic does. What is known of each key is weighed by a conditional logit (McFadden 1974), fitted to
rendered loops: the confidence is its probability, times how tonal the loop is.
"""

from __future__ import annotations

import math
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
PARTIALS, NEXT_PARTIAL = 4, 0.6  # of a pitch that a partial may be, and the weight of each re the one before
PROFILES = {
    "major": (0.748, 0.060, 0.488, 0.082, 0.670, 0.460, 0.096, 0.715, 0.104, 0.366, 0.057, 0.400),
    "minor": (0.712, 0.084, 0.474, 0.618, 0.049, 0.460, 0.105, 0.747, 0.404, 0.067, 0.133, 0.330),
}
THIRDS = {"major": 4, "minor": 3}
WEIGHTS = {  # of the logit, and what each is the weight of
    "profile": 2.4,  # correlation of the chroma with the profile
    "bass": 1.4,  # of what the bass plays with it
    "first bar": 0.9,  # share of the tonic in the bass of the first bar
    "first beat": 1.3,  # and of the first beat
    "fifth": 0.9,  # geometric mean of the shares of tonic and fifth in the bass of the first bar
    "chord": 2.0,  # correlation of the chroma of the first bar with the triad on the tonic
    "upper chord": 1.5,  # and of what lies above UPPER_HZ there
}
UPPER_HZ = 220.0
FIRST_BAR, FIRST_BEAT = 0.75, 0.25  # of a bar: notes that begin before
HEARD = 0.1  # confidence of a bass from which on it has its full weight
TONAL = 0.8  # share of the energy in partials from which on a loop is all tones
LEAST_KEY_CONFIDENCE = 0.5


@dataclass(frozen=True)
class Key:
    """tonic: pitch class, 0 is C; mode: "major", "minor", or "" where a tonic alone was given; confidence: 0 to 1, of
    the tonic and not of the mode; chroma: [12], sum 1; given: whether it was said and not heard (the confidence is
    then 1)."""

    tonic: int
    mode: str
    confidence: float
    chroma: np.ndarray
    given: bool = False

    @property
    def known(self) -> bool:
        return self.confidence >= LEAST_KEY_CONFIDENCE

    @property
    def name(self) -> str:
        return f"{NOTE_NAMES[self.tonic]} {self.mode}".rstrip()


def chroma_of(wave: np.ndarray, rate: int, lowest_hz: float = KEY_LOWEST_HZ) -> tuple[np.ndarray, float]:
    """What each pitch class has in each frame of 93 ms among the partials from lowest_hz to 1.76 kHz, float64
    [frames, 12], zeros where there are none; and the share of the energy there that partials have.

    Each partial counts with the square root of its amplitude, so that one loud part does not hide the others.
    """
    level = frame_magnitudes(resample(wave, rate, KEY_RATE), KEY_WINDOW, KEY_HOP)
    hz = np.fft.rfftfreq(KEY_WINDOW, 1 / KEY_RATE)
    first, last = int(np.searchsorted(hz, lowest_hz)), int(np.searchsorted(hz, KEY_HIGHEST_HZ))
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
        midi = 69 + 12 * np.log2(place * (KEY_RATE / KEY_WINDOW) / (440 * k))
        near = np.round(midi)
        weight = NEXT_PARTIAL ** (k - 1) * np.sqrt(part[frame, column]) * np.clip(1 - 2 * np.abs(midi - near), 0, 1)
        np.add.at(found, (frame, near.astype(int) % 12), weight)
    power = level[:, first - 1 : last + 1] ** 2
    tonal = sum(float(power[frame, column + k].sum()) for k in (0, 1, 2)) / max(float(power.sum()), 1e-30)
    return found, min(1.0, tonal)


def find_key(wave: np.ndarray, rate: int, bass: Bass, bar: float) -> Key:
    """The key of a wave [T] whose bass is known. bar: seconds at the begin in which the tonic is expected."""
    frames, tonal = chroma_of(wave, rate)
    chroma = _shares(frames)
    begin = max(1, int(FIRST_BAR * bar * KEY_RATE / KEY_HOP))
    opening, above = _shares(frames[:begin]), _shares(chroma_of(wave, rate, UPPER_HZ)[0][:begin])
    heard = min(1.0, bass.confidence / HEARD)
    below, in_bar, in_beat = (heard * bass.classes(until) for until in (math.inf, FIRST_BAR * bar, FIRST_BEAT * bar))
    keys = [(tonic, mode) for tonic in range(12) for mode in PROFILES]
    scores = np.zeros(len(keys))
    for k, (tonic, mode) in enumerate(keys):
        profile = np.roll(PROFILES[mode], tonic)
        triad = np.isin(np.arange(12), [(tonic + step) % 12 for step in (0, THIRDS[mode], 7)]).astype(float)
        evidence = (
            _correlation(chroma, profile), heard * _correlation(below, profile), float(in_bar[tonic]),
            float(in_beat[tonic]), math.sqrt(float(in_bar[tonic] * in_bar[(tonic + 7) % 12])),
            _correlation(opening, triad), _correlation(above, triad),
        )  # fmt: skip
        scores[k] = sum(weight * one for weight, one in zip(WEIGHTS.values(), evidence, strict=True))
    likely = np.exp(scores - scores.max()).reshape(12, len(PROFILES))
    likely /= likely.sum()
    tonic = int(np.argmax(np.round(likely.sum(axis=1), 9)))
    mode = list(PROFILES)[int(np.argmax(np.round(likely[tonic], 9)))]
    return Key(tonic, mode, min(1.0, tonal / TONAL) * float(likely[tonic].sum()), chroma)


def _shares(frames: np.ndarray) -> np.ndarray:
    """[12], their sum 1, of frames [n, 12]; zeros where there is nothing."""
    total = frames.sum(axis=0)
    found: np.ndarray = total / max(float(total.sum()), 1e-12)
    return found


def _correlation(a: np.ndarray, b: np.ndarray) -> float:
    a, b = a - a.mean(), b - b.mean()
    size = float(np.sqrt((a**2).sum() * (b**2).sum()))
    return float((a * b).sum()) / size if size > 1e-12 else 0.0
