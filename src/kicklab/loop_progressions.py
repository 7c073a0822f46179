"""Held-out loops: published chord progressions, half of them from another chord than the tonic's.

Written when code and weights were frozen. The progressions are from Wikipedia's *List of chord progressions*: of two
to eight triads (sevenths are left out) with the tonic among them, and such as no development book lists (the roots of
the Mario cadence are in one, under a minor tonic). A bar is a chord; of three chords the last one stays for two bars.
The bass plays figures that accompany: which one, the timbre and the level of the drums come from the seed.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kicklab.loop_books import drawn_timbre, one_of
from kicklab.loops import BassStep, LoopSpec

NUMERALS = {"I": 0, "II": 2, "III": 4, "IV": 5, "V": 7, "VI": 9, "VII": 11}  # upper case is a major triad, b a flat
FROM_THE_TONIC = (  # progression, mode of the tonic
    ("I IV bVII IV", "major"),
    ("I V bVII IV", "major"),  # chromatic descending 5-6 sequence
    ("I V IV IV I V I V", "major"),  # eight-bar blues
    ("i V i bVII bIII bVII i V", "minor"),  # folia
    ("I V vi iii IV I IV V", "major"),  # Pachelbel's canon
    ("I IV ii V", "major"),  # Montgomery-Ward bridge
    ("i bVII i V bIII bVII i V", "minor"),  # passamezzo antico
)
FROM_ELSEWHERE = (
    ("ii bVII I", "major"),  # backdoor
    ("ii bII I", "major"),  # tritone substitution
    ("vi ii V I", "major"),  # circle
    ("iv bIII bII I", "major"),  # Andalusian cadence
    ("V IV I", "major"),  # turnaround
    ("bVI bVII I", "major"),  # Mario cadence
    ("bIII bVII i V", "minor"),  # romanesca
)
FIGURES: tuple[tuple[tuple[int, int, str], ...], ...] = (  # place, length, tone of the chord
    tuple((at, 2, "root") for at in range(0, 16, 2)),
    ((0, 4, "root"), (4, 4, "fifth"), (8, 4, "root"), (12, 4, "fifth")),
    tuple((at, 2, "octave" if at % 4 else "root") for at in range(0, 16, 2)),
    ((0, 4, "root"), (4, 4, "third"), (8, 4, "fifth"), (12, 4, "leads")),
    ((0, 6, "root"), (6, 6, "root"), (12, 4, "fifth")),
    ((0, 3, "root"), (3, 3, "third"), (6, 2, "fifth"), (8, 6, "octave")),
    ((0, 12, "root"), (14, 2, "leads")),
)


def progression_loop(number: int) -> LoopSpec:
    """The loop of a number: even ones begin on the chord of the tonic; each two are in the next of twelve keys."""
    rng = np.random.default_rng([7, number])

    names, mode = one_of(rng, FROM_ELSEWHERE if number % 2 else FROM_THE_TONIC)
    chords = names.split()
    chords += chords[-1:] * (len(chords) == 3)
    roots = [NUMERALS[name.strip("b").upper()] - name.startswith("b") for name in chords]
    thirds = [4 if name.strip("b").isupper() else 3 for name in chords]
    bpm = round(float(rng.uniform(60, 180)), 2)
    figure = one_of(rng, FIGURES)
    lines = [
        _line(figure, root, third, after) for root, third, after in zip(roots, thirds, roots[1:] + roots, strict=False)
    ]
    drums = rng.random() < 0.8
    cut = (0.0, 0.0) if rng.random() < 0.6 else (float(rng.uniform(0, 0.3)), float(rng.uniform(0, 60 / bpm)))
    hats, snare, kick = one_of(rng, (
        ((2, 6, 10, 14), (4, 12), (0, 4, 8, 12)), (tuple(range(0, 16, 2)), (4, 12), (0, 8)),
        (tuple(range(0, 16, 2)), (4, 12), (0, 7, 10)), ((0, 4, 8, 12), (), (0, 8)), (tuple(range(16)), (8,), (0, 6)),
    ))  # fmt: skip
    return LoopSpec(
        bpm=bpm, tonic=28 + number // 2 % 12, mode=mode, roots=tuple(roots), bass=(), bass_harmonics=drawn_timbre(rng),
        bass_attack_ms=float(rng.uniform(1, 12)), chords=one_of(rng, ("none", "pad", "stabs", "arpeggio")),
        hats=hats if drums else (), snare=snare if drums else (), kick=kick if drums else (),
        swing=one_of(rng, (0.0, 0.0, 0.2)), cut=cut, seed=number, lines=tuple(lines), thirds=tuple(thirds),
        glide=float(rng.uniform(1, 8)) if rng.random() < 0.2 else 0.0, sub=one_of(rng, (0.0, 0.0, 0.0, 0.7)),
        drum_db=float(rng.uniform(-8, 6)), bass_decay=float(rng.uniform(0.3, 4)),
    )  # fmt: skip


def _line(figure: Sequence[tuple[int, int, str]], root: int, third: int, after: int) -> tuple[BassStep, ...]:
    """A figure on a chord, in semitones above the tonic; what leads is a semitone below the next root."""
    low, beyond = (x if x <= 7 else x - 12 for x in (root, after))
    tones = {"root": low, "third": low + third, "fifth": low + 7, "octave": low + 12, "leads": beyond - 1}
    return tuple((place, length, tones[tone]) for place, length, tone in figure)
