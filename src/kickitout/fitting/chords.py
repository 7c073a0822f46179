"""How usual the chords of a loop are in each key, in the order in which they come.

Every bar is a chord, and every key a walk from chord to chord, back to where the loop begins: a hidden Markov model.
Its likelihood is that of all walks together (forward algorithm: Rabiner 1989, doi.org/10.1109/5.18626). The tones of a
few bars leave relatives among the keys open; the order of their chords leaves fewer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from kickitout.fitting.bass import Bass
from kickitout.fitting.chroma import CHROMA_SECONDS, correlation, mean_chroma

MOST_BARS = 10  # that are compared: what follows in a loop is the same again
ON_TIME = 0.04  # of a bar: what begins so early belongs to it
FIRST_QUARTER = 0.25  # of a bar: the bass note that begins there is mostly the root
THIRDS = {"major": 4, "minor": 3}
CHORDS: Mapping[str, Mapping[str, tuple[int, str]]] = {  # of a mode: name -> semitones above the tonic, triad
    "major": {
        "I": (0, "major"), "ii": (2, "minor"), "iii": (4, "minor"), "IV": (5, "major"), "V": (7, "major"),
        "vi": (9, "minor"), "bVII": (10, "major"), "iv": (5, "minor"), "bVI": (8, "major"), "II": (2, "major"),
    },
    "minor": {
        "i": (0, "minor"), "III": (3, "major"), "iv": (5, "minor"), "v": (7, "minor"), "VI": (8, "major"),
        "VII": (10, "major"), "V": (7, "major"), "IV": (5, "major"), "bII": (1, "major"), "ii": (2, "minor"),
    },
}  # fmt: skip
NEXT: Mapping[str, Mapping[str, Mapping[str, float]]] = {  # of a mode: chord -> next chord -> how usual
    "major": {
        "I": {"IV": 4, "V": 3, "vi": 2, "ii": 1, "iii": 0.7, "bVII": 1}, "ii": {"V": 5, "IV": 2, "I": 2},
        "iii": {"vi": 3, "IV": 4, "ii": 1}, "IV": {"I": 4, "V": 4, "vi": 1, "ii": 1}, "V": {"I": 5, "vi": 2, "IV": 3},
        "vi": {"IV": 4, "V": 2, "ii": 2, "iii": 1, "I": 1}, "bVII": {"IV": 3, "I": 3}, "iv": {"I": 3},
        "bVI": {"bVII": 2, "I": 2}, "II": {"V": 3},
    },
    "minor": {
        "i": {"VI": 3, "VII": 3, "iv": 3, "v": 2, "III": 1, "V": 1.5}, "III": {"VII": 3, "VI": 3, "iv": 2, "i": 1},
        "iv": {"i": 4, "v": 3, "VII": 2, "VI": 1, "V": 2}, "v": {"i": 5, "VI": 2, "iv": 2},
        "VI": {"VII": 4, "i": 2, "III": 2, "iv": 1, "v": 1, "V": 1}, "VII": {"i": 5, "VI": 3, "III": 2}, "V": {"i": 6},
        "IV": {"i": 3, "VII": 1}, "bII": {"i": 4}, "ii": {"V": 2, "v": 1},
    },
}  # fmt: skip
RARE = 0.15  # how usual any other chord is
CONTRAST = 1.6  # power of a probability: how much usual chords are preferred
HELD = 0.047  # probability that a chord stays for another bar
ROOT, CHORD, UPPER_CHORD = (
    1.6,
    1.4,
    1.4,
)  # of a bar: its root in the bass, its tones, those above


@dataclass(frozen=True)
class Bars:
    """Shares of the pitch classes in each bar, [n, 12] each: of the bass in the first quarter, of all, and of what lies
    above the bass."""

    roots: np.ndarray
    tones: np.ndarray
    upper: np.ndarray


def cut_bars(frames: np.ndarray, upper: np.ndarray, bass: Bass, weight: float, first: float, bar: float) -> Bars:
    """The first MOST_BARS bars. frames, upper: [n, 12] of `fitting.chroma`; weight: of the bass, 0 to 1; bar: seconds;
    first: seconds at which a bar begins, below 0 where the begin of the loop is cut off."""
    count = max(1, min(MOST_BARS, round((len(frames) * CHROMA_SECONDS - first) / bar)))
    roots = np.zeros((count, 12))
    for note in bass.notes:
        at = max(0.0, (note.start - first) / bar + ON_TIME)
        if at % 1 < FIRST_QUARTER and at < count:
            roots[int(at), note.midi % 12] += note.weight
    roots *= weight / np.maximum(roots.sum(axis=1, keepdims=True), 1e-12)
    edges = [max(0, int((first + k * bar) / CHROMA_SECONDS)) for k in range(count + 1)]
    tones, above = (
        np.array([mean_chroma(part[edges[k] : max(edges[k] + 1, edges[k + 1])]) for k in range(count)])
        for part in (frames, upper)
    )
    return Bars(roots, tones, above)


def triad(root: int, kind: str) -> np.ndarray:
    """Ones at the three pitch classes of a triad, zeros elsewhere, [12]."""
    return np.isin(np.arange(12), [(root + step) % 12 for step in (0, THIRDS[kind], 7)]).astype(float)


def walk_likelihoods(bars: Bars) -> np.ndarray:
    """Logarithm of the likelihood of the bars in each key, up to a constant: [12, 2], tonics and modes of CHORDS."""
    fits = {
        (root, kind): ROOT * bars.roots[:, root]
        + np.array([
            CHORD * correlation(tones, triad(root, kind)) + UPPER_CHORD * correlation(above, triad(root, kind))
            for tones, above in zip(bars.tones, bars.upper, strict=True)
        ])
        for root in range(12) for kind in THIRDS
    }  # fmt: skip
    found = np.zeros((12, len(CHORDS)))
    for column, (mode, chords) in enumerate(CHORDS.items()):
        steps = _steps(mode)
        for tonic in range(12):
            heard = np.array([fits[(tonic + above) % 12, kind] for above, kind in chords.values()])  # [chords, bars]
            found[tonic, column] = _forward(np.exp(heard), steps)
    return found


def _forward(heard: np.ndarray, steps: np.ndarray) -> float:
    """Log-likelihood of all walks that come back to their begin. heard: [chords, bars]; steps: [chords, chords]."""
    reached, scale = np.diag(heard[:, 0]), 0.0  # [first chord, chord]
    for now in heard.T[1:]:
        reached = (reached @ steps) * now
        size = float(reached.sum())
        reached, scale = reached / size, scale + float(np.log(size))
    return scale + float(np.log((reached * steps.T).sum()))


def _steps(mode: str) -> np.ndarray:
    """Probability of each chord after each other one, rows to columns."""
    names = list(CHORDS[mode])
    usual = np.array([[NEXT[mode][now].get(after, 0.0) + RARE for after in names] for now in names])
    np.fill_diagonal(usual, 0.0)
    usual = (usual / usual.sum(axis=1, keepdims=True)) ** CONTRAST
    found: np.ndarray = (1 - HELD) * usual / usual.sum(axis=1, keepdims=True) + HELD * np.eye(len(names))
    return found
