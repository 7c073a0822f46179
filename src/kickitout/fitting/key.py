"""The key of a loop: its tones against the profiles of the 24 keys, its chords against those of songs, and its begin.

The profiles are Temperley's, of 2007 (*Music and Probability*, MIT Press), compared by correlation (Krumhansl 1990).
They cannot tell a key from its relatives in a loop of two bars; that it begins on its tonic does more, and so does
the order of its chords (`fitting.chords`). What is known of each key is weighed by a conditional logit (McFadden
1974), fitted to rendered loops by `kick lab measure key-weights`: the confidence is its probability, times how tonal
the loop is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from kickitout.fitting.bass import Bass
from kickitout.fitting.chords import CHORDS, cut_bars, triad, walk_likelihoods
from kickitout.fitting.chroma import CHROMA_SECONDS, chroma_of, correlation, mean_chroma
from kickitout.notes import NOTE_NAMES

MODES = tuple(CHORDS)
PROFILES = {
    "major": (0.748, 0.060, 0.488, 0.082, 0.670, 0.460, 0.096, 0.715, 0.104, 0.366, 0.057, 0.400),
    "minor": (0.712, 0.084, 0.474, 0.618, 0.049, 0.460, 0.105, 0.747, 0.404, 0.067, 0.133, 0.330),
}
SCALES = {"major": (0, 2, 4, 5, 7, 9, 11), "minor": (0, 2, 3, 5, 7, 8, 10)}
WEIGHTS = {  # of the logit, and what each is the weight of
    "profile": 1.43,  # correlation of the chroma with the profile
    "first beat": 1.31,  # share of the tonic in the bass of the first beat
    "fifth": 1.21,  # geometric mean of the shares of tonic and fifth in the bass of the first bar
    "chord": 0.98,  # correlation of the chroma of the first bar with the triad on the tonic
    "best chord": 3.35,  # that of the bar where it is the highest
    "walk": 0.53,  # log-likelihood of the chords
    "scale": 2.82,  # share of the scale in the bass, where rare notes count more than their length
    "flat second": -4.99,  # share of the bass, and of the tritone
    "tritone": -6.82,
}
UPPER_HZ = 220.0
FIRST_BAR, FIRST_BEAT = 0.75, 0.25  # of a bar: notes that begin before
HEARD = 0.1  # confidence of a bass from which on it has its full weight
TONAL = 0.8  # share of the energy in partials from which on a loop is all tones
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


def find_key(wave: np.ndarray, rate: int, bass: Bass, bar: float, first: float = 0.0) -> Key:
    """The key of a wave [T] whose bass is known. bar: seconds; first: where a bar begins, as in `cut_bars`."""
    frames, tonal = chroma_of(wave, rate)
    evidence = key_evidence(frames, chroma_of(wave, rate, UPPER_HZ)[0], bass, bar, first)
    scores = evidence @ np.array(list(WEIGHTS.values()))
    likely = np.exp(scores - scores.max())
    likely /= likely.sum()
    tonic = int(np.argmax(np.round(likely.sum(axis=1), 9)))
    mode = MODES[int(np.argmax(np.round(likely[tonic], 9)))]
    return Key(tonic, mode, min(1.0, tonal / TONAL) * float(likely[tonic].sum()), mean_chroma(frames))


def key_evidence(frames: np.ndarray, upper: np.ndarray, bass: Bass, bar: float, first: float) -> np.ndarray:
    """What speaks for each key, [12, 2, len(WEIGHTS)], of chroma frames [n, 12]: all, and above UPPER_HZ."""
    heard = min(1.0, bass.confidence / HEARD)
    bars = cut_bars(frames, upper, bass, heard, first, bar)
    walks = walk_likelihoods(bars)
    chroma, opening = mean_chroma(frames), mean_chroma(frames[: max(1, int(FIRST_BAR * bar / CHROMA_SECONDS))])
    below, in_bar, in_beat = (heard * bass.classes(until) for until in (math.inf, FIRST_BAR * bar, FIRST_BEAT * bar))
    present = heard * mean_chroma(np.sqrt(below)[None])
    found = np.zeros((12, len(MODES), len(WEIGHTS)))
    for tonic in range(12):
        for column, mode in enumerate(MODES):
            on_tonic, scale = triad(tonic, mode), [(tonic + step) % 12 for step in SCALES[mode]]
            found[tonic, column] = (
                correlation(chroma, np.roll(PROFILES[mode], tonic)), in_beat[tonic],
                math.sqrt(float(in_bar[tonic] * in_bar[(tonic + 7) % 12])), correlation(opening, on_tonic),
                max(correlation(tones, on_tonic) for tones in bars.tones), walks[tonic, column],
                present[scale].sum(), below[(tonic + 1) % 12], below[(tonic + 6) % 12],
            )  # fmt: skip
    return found
