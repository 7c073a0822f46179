"""Development loops whose chords go as songs go, half of them from another chord than the tonic's.

A progression is a walk through the degrees of a scale: after a chord comes one that is usual there, the tonic is in it,
and it turns back to where it began, as a loop does. The bass plays their tones in Euclidean rhythms, and leads from one
root to the next.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TypeVar

import numpy as np

from kicklab.loop_books import COMPOSED_SCALES, drawn_timbre, euclidean
from kicklab.loops import BassStep, LoopSpec

Item = TypeVar("Item")
Note = tuple[int, int, str]  # place, length, role

NEXT_CHORDS: Mapping[str, Mapping[int, Mapping[int, float]]] = {  # of a mode: degree -> next degree -> how usual
    "major": {
        0: {3: 4, 4: 3, 5: 2, 1: 1, 2: 0.7}, 1: {4: 5, 3: 2, 0: 2}, 2: {5: 3, 3: 4, 1: 1},
        3: {0: 4, 4: 4, 5: 1, 1: 1}, 4: {0: 5, 5: 2, 3: 3}, 5: {3: 4, 4: 2, 1: 2, 2: 1, 0: 1},
    },
    "minor": {
        0: {5: 3, 6: 3, 3: 3, 4: 2, 2: 1}, 2: {6: 3, 5: 3, 3: 2, 0: 1}, 3: {0: 4, 4: 3, 6: 2, 5: 1},
        4: {0: 5, 5: 2, 3: 2}, 5: {6: 4, 0: 2, 2: 2, 3: 1, 4: 1}, 6: {0: 5, 5: 3, 2: 2},
    },
}  # fmt: skip
HELD = 0.25  # chance that a chord stays for another bar
FIRST = {"root": 0.85, "fifth": 0.1, "third": 0.05}  # chances of the first note of a bar, and of later ones
LATER = {"root": 0.5, "fifth": 0.18, "octave": 0.14, "third": 0.08, "step": 0.1}


def song_loop(number: int) -> LoopSpec:
    """The loop of a number: even ones begin on the chord of the tonic, odd ones on another."""
    rng = np.random.default_rng([6, number])

    def one(of: Sequence[Item]) -> Item:
        return of[int(rng.integers(len(of)))]

    mode = one(("minor", "major"))
    scale = one(song_scales(mode))
    bpm = round(float(rng.uniform(60, 180)), 2)
    bars = max(2, min(int(one((4, 4, 8))), int(10 * bpm / 240)))
    degrees = _progression(rng, mode, bars, number % 2 == 0)
    figures = [_figure(rng) for _ in range(2)]
    form = one(("ABAB", "AAAB", "AAAA"))
    played = [figures["AB".index(form[k % 4])] for k in range(bars)]
    lines = tuple(_line(played[k], degrees[k], degrees[(k + 1) % bars], scale) for k in range(bars))
    drums = rng.random() < 0.85
    cut = (0.0, 0.0) if rng.random() < 0.6 else (float(rng.uniform(0, 0.3)), float(rng.uniform(0, 60 / bpm)))
    return LoopSpec(
        bpm=bpm, tonic=28 + number // 2 % 12, mode=mode, roots=tuple(scale[degree] for degree in degrees), bass=(),
        bass_harmonics=drawn_timbre(rng), bass_attack_ms=float(rng.uniform(1, 12)),
        chords=one(("none", "none", "pad", "stabs", "arpeggio")),
        hats=euclidean(one((4, 8, 11, 16))) if drums else (), snare=one(((), (4, 12), (4, 12), (8,))) if drums else (),
        kick=one(((), (0, 4, 8, 12), (0, 10), (0, 6, 8), (0, 3, 8, 11))) if drums else (),
        swing=one((0.0, 0.0, 0.15)), cut=cut, seed=number, lines=lines, scale=scale,
        glide=float(rng.uniform(1, 8)) if rng.random() < 0.2 else 0.0, sub=one((0.0, 0.0, 0.0, 0.7)),
        drum_db=float(rng.uniform(-8, 6)), bass_decay=float(rng.uniform(0.3, 4)),
    )  # fmt: skip


def song_scales(mode: str) -> Sequence[tuple[int, ...]]:
    return COMPOSED_SCALES[mode][:3]


def ideal_tonic(spec: LoopSpec) -> int:
    """The tonic that a listener would say who knows how songs are made and hears every chord: semitones above the true
    one, so 0 where it is right. No other listener is right more often."""
    length = min(len(spec.roots), 4)
    likely = np.zeros(12)
    heard = [(root % 12, _chord_on(spec.scale, spec.scale.index(root % 12))) for root in spec.roots[:length]]
    for tonic in range(12):
        for mode in NEXT_CHORDS:
            for scale in song_scales(mode):
                roots = [(root - tonic) % 12 for root, _ in heard]
                if all(root in scale for root in roots):
                    degrees = [scale.index(root) for root in roots]
                    same = all(
                        _chord_on(scale, degree) == kind for degree, (_, kind) in zip(degrees, heard, strict=True)
                    )
                    likely[tonic] += same * _walk_probability(degrees, mode)
    return int(likely.argmax())


def _chord_on(scale: Sequence[int], degree: int) -> tuple[int, int]:
    """Third and fifth of a triad above its root, in semitones."""
    third, fifth = ((scale[(degree + step) % 7] - scale[degree]) % 12 for step in (2, 4))
    return third, fifth


def _walk_probability(degrees: Sequence[int], mode: str) -> float:
    """Of drawing a progression, up to what turns back costs."""
    usual = NEXT_CHORDS[mode]
    turns_back = degrees[-1] == degrees[0] or degrees[0] in usual.get(degrees[-1], {})
    if 0 not in degrees or not turns_back or any(degree not in usual for degree in degrees):
        return 0.0
    found = 1.0 if degrees[0] == 0 else 1 / (len(usual) - 1)
    for now, after in pairwise(degrees):
        chance = usual[now].get(after, 0) / sum(usual[now].values())
        found *= (1 - HELD) * chance + HELD * (now == after)
    return found


def _progression(rng: np.random.Generator, mode: str, bars: int, begins: bool) -> list[int]:
    """Degrees of each bar. Of eight bars the last four repeat the first."""
    usual = NEXT_CHORDS[mode]
    length = min(bars, 4)
    while True:
        degrees = [0 if begins else int(rng.choice([degree for degree in usual if degree]))]
        while len(degrees) < length:
            after = usual[degrees[-1]]
            weights = np.array(list(after.values()))
            stays = rng.random() < HELD
            degrees.append(degrees[-1] if stays else int(rng.choice(list(after), p=weights / weights.sum())))
        if 0 in degrees and (degrees[-1] == degrees[0] or degrees[0] in usual[degrees[-1]]):
            return [degrees[k % length] for k in range(bars)]


def _figure(rng: np.random.Generator) -> list[Note]:
    """Of a bar."""
    places = euclidean(int(rng.integers(2, 9)))
    gate = float(rng.choice([0.5, 0.8, 1.0]))
    found = []
    for place, after in zip(places, (*places[1:], 16), strict=True):
        chances = LATER if place else FIRST
        role = str(rng.choice(list(chances), p=list(chances.values())))
        found.append((place, max(1, round(gate * (after - place))), role))
    if len(places) > 2 and rng.random() < 0.4:
        found[-1] = (*found[-1][:2], "leads")
    return found


def _line(figure: Sequence[Note], degree: int, after: int, scale: Sequence[int]) -> tuple[BassStep, ...]:
    """A figure on the chord of a degree, in semitones above the tonic; what leads is a step below the next root."""
    low, beyond = (x if x <= 4 else x - 7 for x in (degree, after))
    above = {"root": 0, "fifth": 4, "octave": 7, "third": 2, "step": 1, "leads": beyond - low - 1}
    degrees = [low + above[role] for _, _, role in figure]
    return tuple(
        (place, length, 12 * (at // 7) + scale[at % 7]) for (place, length, _), at in zip(figure, degrees, strict=True)
    )
