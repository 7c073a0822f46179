"""Loops in the idioms of bass lines, held out: written when the code that hears and searches was frozen.

A style is a rhythm with a choice of tones for each of its notes, tempi, progressions and drums; what is chosen, the
timbre, the scale and the level of the drums come from the seed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kicklab.loop_books import COMPOSED_SCALES, EIGHTHS, drawn_timbre, one_of
from kicklab.loops import BassStep, LoopSpec

SIXTEENTHS, OFFBEATS, FLOOR = tuple(range(16)), (2, 6, 10, 14), (0, 4, 8, 12)


@dataclass(frozen=True)
class Idiom:
    """bpm: from, to. notes: place, length, degrees of the chord's scale to choose from, 0 its root and 7 the octave;
    the first note of a bar is its root. chords: degrees of each bar. drums: hats, snare, kick."""

    bpm: tuple[float, float]
    notes: tuple[tuple[int, int, tuple[int, ...]], ...]
    chords: tuple[tuple[int, ...], ...]
    drums: tuple[tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]], ...]
    sounds: tuple[str, ...] = ("none", "pad", "stabs", "arpeggio")
    glide: float = 0.0


IDIOMS = {
    "house": Idiom(
        (115, 130), ((0, 2, (0,)), (3, 1, (0, 7)), (6, 2, (0, 2, 4)), (10, 2, (0, 4)), (14, 2, (0, 6, -1))),
        ((0, 0, 3, 3), (0, 5), (0, 0, 0, 4)),
        ((OFFBEATS, (4, 12), FLOOR), (OFFBEATS, (), FLOOR), (SIXTEENTHS, (4, 12), ())),
    ),
    "techno": Idiom(
        (125, 145), tuple((at + k, 1, (0, 0, 7)) for at in FLOOR for k in (0, 2, 3)),
        ((0,), (0, 0, 0, 6)), ((OFFBEATS, (), FLOOR), (SIXTEENTHS, (12,), FLOOR)), ("none", "stabs"),
    ),
    "drum and bass": Idiom(
        (160, 180), ((0, 6, (0,)), (6, 4, (0, 4)), (10, 6, (0, 2, -3))),
        ((0, 0, 5, 5), (0, 3), (0, 6, 5, 6)), ((EIGHTHS, (4, 12), (0, 10)), (EIGHTHS, (4, 12), (0, 7, 10))), glide=4.0,
    ),
    "trap": Idiom(
        (130, 160), ((0, 5, (0,)), (7, 3, (0, 0, 7)), (10, 6, (0, 4, 2))),
        ((0, 0, 5, 4), (0, 0), (0, 5)), ((SIXTEENTHS, (8,), (0, 7, 10)), (EIGHTHS, (8,), ())),
        ("none", "pad", "arpeggio"), 7.0,
    ),
    "funk": Idiom(
        (90, 118),
        ((0, 2, (0,)), (3, 1, (0, 7)), (4, 1, (7, 4)), (7, 1, (4, 6)), (10, 2, (0, 3)), (13, 1, (2, 4)),
         (15, 1, (6, -1))),
        ((0,), (0, 3), (0, 0, 3, 0)),
        ((SIXTEENTHS, (4, 12), (0, 10)), (EIGHTHS, (4, 12), (0, 3, 10))), ("none", "stabs"),
    ),
    "reggae": Idiom(
        (60, 90), ((0, 3, (0,)), (3, 3, (0, 2, 4)), (8, 2, (0, 4)), (10, 2, (2, 4)), (12, 3, (4, 0))),
        ((0, 3), (0, 4), (0, 0, 3, 4)), ((EIGHTHS, (8,), (8,)), (OFFBEATS, (8,), ())), ("stabs", "none"),
    ),
    "synthwave": Idiom(
        (80, 118), tuple((at, 2, (0, 0, 7) if at else (0,)) for at in EIGHTHS),
        ((0, 5, 2, 6), (0, 3, 5, 4), (0, 4, 5, 3)), ((EIGHTHS, (4, 12), (0, 8)), ((), (4, 12), FLOOR), ((), (), ())),
        ("pad", "arpeggio", "none"),
    ),
    "rock": Idiom(
        (100, 170), tuple((at, 2, (0,) if at < 12 else (0, 2, 4)) for at in EIGHTHS),
        ((0, 3, 4, 0), (0, 4, 5, 3), (0, 6, 3, 0)),
        ((EIGHTHS, (4, 12), (0, 8)), (EIGHTHS, (4, 12), (0, 6, 8))), ("none", "pad"),
    ),
}  # fmt: skip


def styled_loop(number: int) -> LoopSpec:
    """The loop of a number: the styles take turns, twelve in a row are in the twelve keys."""
    rng = np.random.default_rng([5, number])

    style = IDIOMS[list(IDIOMS)[number % len(IDIOMS)]]
    mode = one_of(rng, ("minor", "minor", "major"))
    scale = one_of(rng, COMPOSED_SCALES[mode])
    bpm = round(float(rng.uniform(*style.bpm)), 2)
    bars = max(2, min(4, int(10 * bpm / 240)))
    chords = one_of(rng, style.chords)
    degrees = [chords[k % len(chords)] for k in range(bars)]
    hats, snare, kick = one_of(rng, style.drums)
    drums = rng.random() < 0.85
    chosen = [one_of(rng, tones) for _, _, tones in style.notes]
    varied = [one_of(rng, tones) for _, _, tones in style.notes]  # every second bar ends otherwise
    lines = [_line(style, chosen if k % 2 == 0 else varied, degree, scale) for k, degree in enumerate(degrees)]
    cut = (0.0, 0.0) if rng.random() < 0.6 else (float(rng.uniform(0, 0.3)), float(rng.uniform(0, 60 / bpm)))
    return LoopSpec(
        bpm=bpm, tonic=28 + number % 12, mode=mode, roots=tuple(scale[degree] for degree in degrees), bass=(),
        bass_harmonics=drawn_timbre(rng), bass_attack_ms=float(rng.uniform(1, 10)), chords=one_of(rng, style.sounds),
        hats=hats if drums else (), snare=snare if drums else (), kick=kick if drums else (),
        swing=one_of(rng, (0.0, 0.0, 0.15)), cut=cut, seed=number, lines=tuple(lines), scale=scale,
        glide=style.glide if rng.random() < 0.4 else 0.0, sub=one_of(rng, (0.0, 0.0, 0.7)),
        drum_db=float(rng.uniform(-8, 6)), bass_decay=float(rng.uniform(0.3, 4)),
    )  # fmt: skip


def _line(style: Idiom, tones: Sequence[int], degree: int, scale: Sequence[int]) -> tuple[BassStep, ...]:
    low = degree if degree <= 4 else degree - 7
    line = []
    for k, ((place, length, _), tone) in enumerate(zip(style.notes, tones, strict=True)):
        at = low + (tone if k else 0)
        line.append((place, length, 12 * (at // 7) + scale[at % 7]))
    return tuple(line)
