"""Loops whose tempo, key, bass notes and drums are known, because they are rendered here.

A loop is float32 [T] at 44.1 kHz, in 4/4, and begins on the first beat. Lengths and places in a pattern are sixteenths,
pitches are semitones above the tonic. `LoopSpec` says all that is in one; a seed draws one from a `LoopBook`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

import numpy as np

from kickitout.notes import to_hz
from kickitout.sound import LENGTH, ONSET, SAMPLE_RATE
from kickitout.synthesis.procedural import synthesise

Item = TypeVar("Item")
Step = tuple[int, int, int]  # place in the bar, length, semitones above the root of the chord
MAJOR, MINOR = (0, 4, 7), (0, 3, 7)


@dataclass(frozen=True)
class LoopSpec:
    """One loop. tonic: MIDI of the bass's tonic; mode: "major" | "minor"; roots: semitones of the chord of each bar.

    bass: steps of a bar, none for no bass; bass_harmonics: levels of its partials from the fundamental on; hats, snare,
    kick: sixteenths of the bar at which they sound. Levels in dB re full scale, of the peak of each part.
    """

    bpm: float
    tonic: int
    mode: str
    roots: tuple[int, ...]
    bass: tuple[Step, ...]
    bass_harmonics: tuple[float, ...]
    bass_attack_ms: float
    chords: str  # "none" | "pad" | "stabs" | "arpeggio"
    hats: tuple[int, ...]
    snare: tuple[int, ...]
    kick: tuple[int, ...]
    swing: float  # by which part of a sixteenth every second one is late
    cut: tuple[float, float]  # seconds that are missing at its begin and its end: not every loop is cut on its bars
    seed: int

    @property
    def has_drums(self) -> bool:
        return bool(self.hats or self.snare or self.kick)


@dataclass(frozen=True)
class LoopBook:
    """What loops are drawn from; stream: of its random numbers, so that two books never share a draw."""

    stream: int
    basses: Mapping[str, tuple[Step, ...]]
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


def draw_loop(book: LoopBook, number: int) -> LoopSpec:
    """The loop of a number: twelve in a row are in the twelve keys; 60 to 180 BPM."""
    rng = np.random.default_rng([book.stream, number])

    def one(of: Sequence[Item]) -> Item:
        return of[int(rng.integers(len(of)))]

    mode = one(("minor", "major"))
    bpm = round(float(rng.uniform(60, 180)), 2)
    roots = one(book.progressions[mode])
    bars = max(2, min(4, int(10 * bpm / 240)))  # about ten seconds
    hats, snare, kick = one(book.drums)
    bass = book.basses[one(list(book.basses))]
    chords = one(book.chords)
    cut = (0.0, 0.0) if rng.random() < 0.6 else (float(rng.uniform(0, 0.3)), float(rng.uniform(0, 60 / bpm)))
    return LoopSpec(
        bpm=bpm, tonic=book.lowest + number % 12, mode=mode, roots=tuple(roots[k % len(roots)] for k in range(bars)),
        bass=bass, bass_harmonics=book.timbres[one(list(book.timbres))],
        bass_attack_ms=float(rng.uniform(2, 12)), chords=chords, hats=hats, snare=snare, kick=kick,
        swing=one(book.swings), cut=cut, seed=number,
    )  # fmt: skip


def render_loop(spec: LoopSpec) -> np.ndarray:
    """float32 [T], peak 0.9."""
    rng = np.random.default_rng([spec.seed, 77])
    bars = len(spec.roots)
    wave = np.zeros(round(bars * 16 * _step_seconds(spec) * SAMPLE_RATE))
    for note in bass_notes(spec):
        _add(wave, note.start, _tone(to_hz(note.midi), note.seconds, spec.bass_harmonics, spec.bass_attack_ms), -9.0)
    for bar, root in enumerate(spec.roots):
        third = _third(spec.mode, root)
        pitches = [spec.tonic % 12 + 60 + (root + step) % 12 for step in (0, third, 7)]
        for at, length, which in _chord_steps(spec.chords):
            for midi in pitches if which is None else [pitches[which]]:
                tone = _tone(to_hz(midi), length * _step_seconds(spec), (1, 0.5, 0.3, 0.2, 0.1), 20.0)
                _add(wave, _time(spec, bar, at), tone, -24.0 if which is None else -20.0)
        for at in spec.hats:
            _add(wave, _time(spec, bar, at), _hat(rng), -22.0 + 3 * float(at % 4 == 2))
        for at in spec.snare:
            _add(wave, _time(spec, bar, at), _snare(rng), -14.0)
        for at in spec.kick:
            _add(wave, _time(spec, bar, at), _kick(spec.seed % 16), -9.0)
    first, last = (round(seconds * SAMPLE_RATE) for seconds in spec.cut)
    return (wave * (0.9 / max(float(np.abs(wave).max()), 1e-9)))[first : len(wave) - last].astype(np.float32)


@dataclass(frozen=True)
class TrueNote:
    """A note of the bass: start and length in seconds, MIDI pitch."""

    start: float
    seconds: float
    midi: int


def bass_notes(spec: LoopSpec) -> list[TrueNote]:
    """What the bass plays."""
    found = []
    for bar, root in enumerate(spec.roots):
        for at, length, semitones in spec.bass:
            low = spec.tonic + (root if root <= 7 else root - 12)
            begin = _time(spec, bar, at)
            found.append(TrueNote(begin, 0.95 * length * _step_seconds(spec), low + semitones))
    return found


def beatless(kind: str, seed: int) -> np.ndarray:
    """float32 [T], 8 s without a beat: "noise", "pad" (a held chord that swells), "drone", "scattered" (hits at
    random). Without a key, too, are "noise" and "scattered"."""
    rng = np.random.default_rng([seed, 78])
    time = np.arange(8 * SAMPLE_RATE) / SAMPLE_RATE
    if kind == "noise":
        spectrum = np.fft.rfft(rng.standard_normal(len(time)))
        spectrum[1:] /= np.arange(1, len(spectrum)) ** rng.uniform(0, 0.5)
        wave = np.fft.irfft(spectrum, len(time))
    elif kind == "scattered":
        wave = np.zeros(len(time))
        for at in np.sort(rng.uniform(0, 7.8, int(rng.integers(12, 40)))):
            _add(wave, float(at), _snare(rng) if rng.random() < 0.5 else _hat(rng), float(rng.uniform(-20, -6)))
    else:
        root = int(rng.integers(36, 60))
        pitches = [root] if kind == "drone" else [root + step for step in (0, 7, 12, *MINOR[1:2])]
        turns = [rng.uniform(0.05, 0.3) for _ in pitches]
        voices = [
            (1 + 0.5 * np.sin(2 * np.pi * turn * time + k)) * np.sin(2 * np.pi * h * to_hz(midi) * time + k) / h
            for k, (midi, turn) in enumerate(zip(pitches, turns, strict=True)) for h in (1, 2, 3)
        ]  # fmt: skip
        fade = np.clip(np.minimum(time, 8 - time) / 1.0, 0, 1)
        wave = np.sum(voices, axis=0) * fade
    return (wave * (0.8 / np.abs(wave).max())).astype(np.float32)


def _step_seconds(spec: LoopSpec) -> float:
    return 15.0 / spec.bpm


def _time(spec: LoopSpec, bar: int, at: int) -> float:
    return (16 * bar + at + (spec.swing if at % 2 else 0.0)) * _step_seconds(spec)


def _third(mode: str, root: int) -> int:
    """Minor or major third of the chord on a degree of the scale."""
    minor = {"major": (2, 4, 9), "minor": (0, 2, 5, 7)}[mode]
    return 3 if root % 12 in minor else 4


def _chord_steps(kind: str) -> list[tuple[int, int, int | None]]:
    """Place, length and which tone of the chord, None for all of them."""
    if kind == "pad":
        return [(0, 16, None)]
    if kind == "stabs":
        return [(at, 2, None) for at in (0, 6, 10)]
    if kind == "arpeggio":
        return [(at, 2, k % 3) for k, at in enumerate(EIGHTHS)]
    return []


def _add(wave: np.ndarray, seconds: float, part: np.ndarray, level_db: float) -> None:
    at = round(seconds * SAMPLE_RATE)
    part = part[: max(0, len(wave) - at)]
    wave[at : at + len(part)] += 10 ** (level_db / 20) * part


def _tone(hz: float, seconds: float, harmonics: Sequence[float], attack_ms: float) -> np.ndarray:
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    kept = [(k, level) for k, level in enumerate(harmonics, 1) if level and k * hz < 8000]
    wave = np.zeros(len(time))
    for k, level in kept:
        wave += level * np.sin(2 * np.pi * k * hz * time)
    release = 0.012
    ends = np.clip(time / (attack_ms / 1000), 0, 1) * np.clip((time[-1] - time) / release, 0, 1)
    return wave * ends * np.exp(-0.6 * time) / max(float(np.abs(wave).max()), 1e-9)


def _hat(rng: np.random.Generator) -> np.ndarray:
    noise = np.diff(rng.standard_normal(3001), prepend=0.0)
    wave = np.diff(noise, prepend=0.0) * np.exp(-np.arange(3001) / 700)
    return wave / np.abs(wave).max()


def _snare(rng: np.random.Generator) -> np.ndarray:
    time = np.arange(9000) / SAMPLE_RATE
    wave = 0.7 * np.sin(2 * np.pi * 190 * time) * np.exp(-time / 0.05)
    wave += 0.5 * np.diff(rng.standard_normal(len(time)), prepend=0.0) * np.exp(-time / 0.06)
    return wave / np.abs(wave).max()


@lru_cache(maxsize=16)
def _kick(seed: int) -> np.ndarray:
    wave = synthesise([seed])[0][0].astype(np.float64)
    assert len(wave) == LENGTH
    return wave[ONSET:]


HELD_OUT = LoopBook(  # written when code and thresholds were frozen
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
BOOKS = {"development": DEVELOPMENT, "held out": HELD_OUT}
