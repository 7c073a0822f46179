"""Books that rendered loops are drawn from: a number of a book is one loop.

Two have their lines from tables of patterns; in the third every line walks through a scale of its own, in the fourth it
is composed of phrases. `kicklab.loop_styles` has those that are held out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from kicklab.loops import BassStep, LoopSpec

Item = TypeVar("Item")


@dataclass(frozen=True)
class LoopBook:
    """What loops are drawn from; stream: of its random numbers, so that two books never share a draw."""

    stream: int
    basses: Mapping[str, tuple[BassStep, ...]]
    timbres: Mapping[str, tuple[float, ...]]
    progressions: Mapping[str, Sequence[tuple[int, ...]]]  # of a mode
    chords: tuple[str, ...]
    drums: Sequence[tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]]  # hats, snare, kick
    swings: tuple[float, ...]
    lowest: int  # MIDI: the tonic of the bass lies in the octave from here on


EIGHTHS = tuple(range(0, 16, 2))
DEVELOPMENT = LoopBook(
    stream=1,
    basses={
        "offbeats": tuple((at, 2, 0) for at in (2, 6, 10, 14)),
        "eighths": tuple((at, 2, 0) for at in EIGHTHS),
        "rolling": tuple((at + k, 1, 0) for at in (0, 4, 8, 12) for k in (1, 2, 3)),
        "long": ((0, 14, 0),),
        "root and fifth": ((0, 4, 0), (4, 3, 0), (8, 4, 7), (12, 3, 0)),
        "syncopated": ((0, 3, 0), (3, 3, 0), (6, 4, 0), (11, 2, 7), (14, 2, 0)),
        "octaves": tuple((at, 2, 12 * (k % 2)) for k, at in enumerate(EIGHTHS)),
    },
    timbres={
        "sine": (1.0,),
        "saw": tuple(1 / k for k in range(1, 25)),
        "square": tuple(1 / k if k % 2 else 0.0 for k in range(1, 20)),
        "round": (1.0, 0.4, 0.15, 0.05),
    },
    progressions={
        "minor": [(0,), (0, 0), (0, 8, 3, 10), (0, 5), (0, 10, 8, 10), (0, 0, 5, 7)],
        "major": [(0,), (0, 0), (0, 7, 9, 5), (0, 5), (0, 5, 0, 7), (0, 9, 5, 7)],
    },
    chords=("none", "pad", "stabs", "arpeggio"),
    drums=[
        ((), (), ()),
        (EIGHTHS, (4, 12), ()),
        (tuple(range(16)), (4, 12), (0, 8)),
        ((2, 6, 10, 14), (), (0, 4, 8, 12)),
        ((2, 6, 10, 14), (4, 12), ()),
        (EIGHTHS, (), ()),
    ],
    swings=(0.0, 0.0, 0.15),
    lowest=28,
)
OTHER_TABLES = LoopBook(
    stream=2,
    basses={
        "dotted": ((0, 6, 0), (6, 6, 0), (12, 4, 0)),
        "gallop": tuple((at + k, length, 0) for at in (0, 4, 8, 12) for k, length in ((0, 2), (3, 1))),
        "pickup": ((0, 6, 0), (10, 2, 0), (12, 4, -5)),
        "walking": ((0, 4, 0), (4, 4, 7), (8, 4, 12), (12, 4, 7)),
        "sparse": ((0, 3, 0), (8, 3, 0)),
        "sixteenths": tuple((at, 1, 0) for at in range(16)),
        "late": ((2, 3, 0), (6, 2, 0), (10, 3, 7), (14, 2, 0)),
    },
    timbres={
        "triangle": tuple(1 / k**2 if k % 2 else 0.0 for k in range(1, 16)),
        "organ": (1.0, 0.8, 0.5, 0.6, 0.1, 0.3),
        "hollow": (0.7, 1.0, 0.3, 0.2),
        "buzz": tuple(0.85**k for k in range(1, 30)),
    },
    progressions={
        "minor": [(0, 0, 0, 5), (0, 3), (0, 5, 10, 0), (0, 8), (0,)],
        "major": [(0, 0, 5, 5), (0, 2, 7, 0), (0, 9), (0, 4, 5, 0), (0,)],
    },
    chords=("none", "pad", "stabs", "arpeggio"),
    drums=[
        ((), (), ()),
        ((0, 3, 6, 8, 11, 14), (4, 12), (0, 10)),
        ((0, 4, 8, 12), (4, 12), (0, 6, 8)),
        (tuple(range(1, 16, 2)), (8,), (0,)),
        (tuple(range(16)), (), ()),
        ((), (4, 12), (0, 7, 8)),
    ],
    swings=(0.0, 0.1, 0.25),
    lowest=26,
)


def one_of(rng: np.random.Generator, of: Sequence[Item]) -> Item:
    """One of some, each as likely."""
    return of[int(rng.integers(len(of)))]


def draw_loop(book: LoopBook, number: int) -> LoopSpec:
    """The loop of a number: twelve in a row are in the twelve keys; 60 to 180 BPM."""
    rng = np.random.default_rng([book.stream, number])

    mode = one_of(rng, ("minor", "major"))
    bpm = round(float(rng.uniform(60, 180)), 2)
    roots = one_of(rng, book.progressions[mode])
    bars = max(2, min(4, int(10 * bpm / 240)))  # about ten seconds
    hats, snare, kick = one_of(rng, book.drums)
    bass = book.basses[one_of(rng, list(book.basses))]
    chords = one_of(rng, book.chords)
    cut = (0.0, 0.0) if rng.random() < 0.6 else (float(rng.uniform(0, 0.3)), float(rng.uniform(0, 60 / bpm)))
    return LoopSpec(
        bpm=bpm, tonic=book.lowest + number % 12, mode=mode, roots=tuple(roots[k % len(roots)] for k in range(bars)),
        bass=bass, bass_harmonics=book.timbres[one_of(rng, list(book.timbres))],
        bass_attack_ms=float(rng.uniform(2, 12)), chords=chords, hats=hats, snare=snare, kick=kick,
        swing=one_of(rng, book.swings), cut=cut, seed=number,
    )  # fmt: skip


SCALES: Mapping[str, Sequence[tuple[tuple[int, ...], tuple[int, ...]]]] = {  # of a mode: of the chords, of the line
    "minor": [
        ((0, 2, 3, 5, 7, 8, 10), (0, 2, 3, 5, 7, 8, 10)),
        ((0, 2, 3, 5, 7, 9, 10), (0, 2, 3, 5, 7, 9, 10)),  # Dorian
        ((0, 1, 3, 5, 7, 8, 10), (0, 1, 3, 5, 7, 8, 10)),  # Phrygian
        ((0, 2, 3, 5, 7, 8, 11), (0, 2, 3, 5, 7, 8, 11)),  # harmonic
        ((0, 2, 3, 5, 7, 8, 10), (0, 3, 5, 7, 10)),
    ],
    "major": [
        ((0, 2, 4, 5, 7, 9, 11), (0, 2, 4, 5, 7, 9, 11)),
        ((0, 2, 4, 5, 7, 9, 10), (0, 2, 4, 5, 7, 9, 10)),  # Mixolydian
        ((0, 2, 4, 5, 7, 9, 11), (0, 2, 4, 7, 9)),
    ],
}
TONIC_FIRST = 0.8  # share of the loops that begin on the tonic
RICH_TIMBRES = (
    (1.0,), (0.25, 1.0, 0.6, 0.4, 0.2, 0.1), (0.1, 0.7, 1.0, 0.6, 0.4, 0.3), tuple(1 / k for k in range(1, 25)),
    tuple(1 / k if k % 2 else 0.0 for k in range(1, 20)), (1.0, 0.0, 0.6, 0.0, 0.0, 0.2), (1.0, 0.9, 0.8, 0.3, 0.1),
)  # fmt: skip
WALK_DRUMS = [*DEVELOPMENT.drums, (EIGHTHS, (4, 12), (0, 4, 8, 12)), (tuple(range(16)), (), (0, 3, 6, 10, 12))]


def walking_loop(number: int) -> LoopSpec:
    """A loop whose bass walks through a scale around the roots of its chords, often with sounds that hide its pitch."""
    rng = np.random.default_rng([3, number])

    spec = draw_loop(replace(DEVELOPMENT, stream=3), number)
    scale, tones = one_of(rng, SCALES[spec.mode])
    likely = [tone for tone in (0, 0, 5, 7, 3, 4, 8, 9, 10) if tone in scale]
    roots = [0 if rng.random() < TONIC_FIRST else one_of(rng, [tone for tone in likely if tone])]
    roots += [one_of(rng, likely) for _ in spec.roots[1:]]
    rhythm = one_of(rng, list(DEVELOPMENT.basses.values()))
    lines = []
    for root in roots:
        low, line = root if root <= 7 else root - 12, []
        for k, (at, length, _) in enumerate(rhythm):
            chance = rng.random()
            step = low if chance < 0.5 or k == 0 else low + 7 if chance < 0.65 else low + 12 if chance < 0.75 else None
            line.append((at, length, int(one_of(rng, tones)) + (0 if low >= 0 else -12) if step is None else step))
        lines.append(tuple(line))
    hats, snare, kick = one_of(rng, WALK_DRUMS)
    return replace(
        spec, roots=tuple(roots), lines=tuple(lines), scale=scale, bass_harmonics=one_of(rng, RICH_TIMBRES),
        chords=one_of(rng, ("none", "none", "pad", "stabs", "arpeggio")), hats=hats, snare=snare, kick=kick,
        glide=one_of(rng, (0.0, 0.0, 0.0, 2.0, 7.0)), sub=one_of(rng, (0.0, 0.0, 0.0, 0.8)),
        drum_db=one_of(rng, (-6.0, 0.0, 0.0, 6.0)),
        bass_decay=one_of(rng, (0.6, 0.6, 4.0)),
    )  # fmt: skip


# -- phrases: held out from the first version of the key, development of the second -----------------------------------

PHRASES = ("AABA", "ABAB", "AAAB", "ABAC", "AAAA")  # which bars have the same figure
FUNCTIONS: Mapping[str, Sequence[tuple[int, ...]]] = {  # of a mode: degrees of the chords, 0 is the tonic
    "minor": [(0, 0, 0, 0), (0, 5, 2, 6), (0, 3, 0, 4), (0, 6, 5, 6), (0, 0, 3, 0), (0, 0, 5, 6), (0, 3, 4, 0)],
    "major": [(0, 0, 0, 0), (0, 4, 5, 3), (0, 3, 0, 4), (0, 5, 3, 4), (0, 0, 3, 4), (0, 3, 4, 0), (0, 1, 4, 0)],
}
COMPOSED_SCALES: Mapping[str, Sequence[tuple[int, ...]]] = {
    "minor": [(0, 2, 3, 5, 7, 8, 10), (0, 2, 3, 5, 7, 8, 10), (0, 2, 3, 5, 7, 9, 10), (0, 2, 3, 5, 7, 8, 11)],
    "major": [(0, 2, 4, 5, 7, 9, 11), (0, 2, 4, 5, 7, 9, 11), (0, 2, 4, 5, 7, 9, 10)],
}
SHY = 0.15  # share of the loops whose bass leaves the tonic after the first note of a bar


def euclidean(onsets: int, steps: int = 16, first: int = 0) -> tuple[int, ...]:
    """Places of so many onsets, as even as whole steps allow (Toussaint 2005, The Euclidean algorithm generates
    traditional musical rhythms).

    >>> euclidean(3, 8)
    (0, 3, 6)
    """
    return tuple(sorted((-(-k * steps // onsets) + first) % steps for k in range(onsets)))


def composed_loop(number: int) -> LoopSpec:
    """A loop of phrases: figures in Euclidean rhythms that go from tone to tone of a scale, rest on the tones of their
    chord, and come again; timbres are drawn, not listed."""
    rng = np.random.default_rng([4, number])

    mode = one_of(rng, ("minor", "major"))
    bpm = round(float(rng.uniform(60, 180)), 2)
    bars = max(2, min(4, int(10 * bpm / 240)))
    scale, form, progression = one_of(rng, COMPOSED_SCALES[mode]), one_of(rng, PHRASES), one_of(rng, FUNCTIONS[mode])
    degrees = [progression[k % len(progression)] for k in range(bars)]
    shy = rng.random() < SHY
    figures = {name: _figure(rng) for name in "ABC"}
    lines = tuple(_line(figures[form[k]], degree, scale, shy) for k, degree in enumerate(degrees))
    drums = rng.random() < 0.85
    kick = one_of(rng, (0, 1, 2, 3, 4, 4, 5)) if drums else 0
    hats = one_of(rng, (0, 4, 6, 8, 11, 16)) if drums else 0
    cut = (0.0, 0.0) if rng.random() < 0.6 else (float(rng.uniform(0, 0.3)), float(rng.uniform(0, 60 / bpm)))
    return LoopSpec(
        bpm=bpm, tonic=27 + number % 12, mode=mode, roots=tuple(scale[degree] for degree in degrees), bass=(),
        bass_harmonics=drawn_timbre(rng), bass_attack_ms=float(rng.uniform(1, 15)),
        chords=one_of(rng, ("none", "none", "pad", "stabs", "arpeggio")), hats=euclidean(hats) if hats else (),
        snare=one_of(rng, ((), (4, 12), (4, 12), (8,), (4, 12, 15))) if drums else (),
        kick=euclidean(kick) if kick else (),
        swing=one_of(rng, (0.0, 0.0, 0.12, 0.22)), cut=cut, seed=number, lines=lines, scale=scale,
        glide=float(rng.uniform(1, 12)) if rng.random() < 0.3 else 0.0, sub=0.7 if rng.random() < 0.25 else 0.0,
        drum_db=float(rng.uniform(-8, 6)), bass_decay=float(rng.uniform(0.3, 5)),
    )  # fmt: skip


def _figure(rng: np.random.Generator) -> tuple[tuple[int, int, int], ...]:
    """Place, length and degree above the root of each note of a bar."""
    places = euclidean(int(rng.integers(3, 10)))
    gate = float(rng.choice([0.5, 0.8, 1.0]))
    degree, found = 0, []
    for place, after in zip(places, (*places[1:], 16), strict=True):
        if place % 4 == 0:
            degree = int(rng.choice([0, 0, 0, 4, 7]))
        elif place:
            degree = min(7, max(-3, degree + int(rng.choice([-2, -1, 0, 0, 1, 2]))))
        found.append((place, max(1, round(gate * (after - place))), degree))
    return tuple(found)


def _line(figure: Sequence[BassStep], degree: int, scale: Sequence[int], shy: bool) -> tuple[BassStep, ...]:
    """A figure on the chord of a degree, in semitones above the tonic."""
    low = degree if degree <= 4 else degree - 7
    line = []
    for k, (place, length, above) in enumerate(figure):
        at = low + above
        if shy and k and at % 7 == 0:
            at += 2
        line.append((place, length, 12 * (at // 7) + scale[at % 7]))
    return tuple(line)


def drawn_timbre(rng: np.random.Generator) -> tuple[float, ...]:
    """Levels of partials: a slope, a weaker fundamental, weaker even ones, and a formant, each as it comes."""
    count, slope = int(rng.integers(1, 25)), float(rng.uniform(0.6, 2.5))
    levels = np.arange(1, count + 1) ** -slope
    levels[1::2] *= float(rng.choice([1.0, 1.0, 0.3, 0.0]))
    if count > 3:
        levels[0] *= 10 ** (-float(rng.uniform(0, 18)) / 20)
        levels *= 1 + 2 * np.exp(-0.5 * ((np.arange(count) - rng.uniform(1, count)) / 1.5) ** 2)
    return tuple(float(level) for level in levels)


def development_loop(number: int) -> LoopSpec:
    """Of the four books in turn."""
    if number % 4 < 2:
        return draw_loop((DEVELOPMENT, OTHER_TABLES)[number % 4], number)
    return (walking_loop, composed_loop)[number % 4 - 2](number)
