"""Loops whose tempo, key, bass notes and drums are known, because they are rendered here.

A loop is float32 [T] at 44.1 kHz, in 4/4, and begins on the first beat. Lengths and places in a pattern are sixteenths,
pitches are semitones above the tonic. `LoopSpec` says all that is in one; `kicklab.loop_books` draws them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from kickitout.notes import to_hz
from kickitout.sound import LENGTH, ONSET, SAMPLE_RATE
from kickitout.synthesis.procedural import synthesise

BassStep = tuple[int, int, int]  # place in the bar, length, semitones above the root of the chord
MAJOR, MINOR = (0, 4, 7), (0, 3, 7)


@dataclass(frozen=True)
class LoopSpec:
    """One loop. tonic: MIDI of the bass's tonic; mode: "major" | "minor"; roots: semitones of the chord of each bar.

    bass: steps of a bar, none for no bass; bass_harmonics: levels of its partials from the fundamental on; hats, snare,
    kick: sixteenths of the bar at which they sound. Levels in dB re full scale, of the peak of each part.

    lines: steps of each bar in semitones above the tonic, where every bar has its own; scale: of which the chords are
    thirds and fifths, or thirds: semitones of the third of each bar's chord, where they are not those of the mode;
    glide: semitones below its pitch at which a bass note begins; sub: level of a sine an octave below the bass;
    drum_db: added to all drums; bass_decay: of a bass note, 1/s.
    """

    bpm: float
    tonic: int
    mode: str
    roots: tuple[int, ...]
    bass: tuple[BassStep, ...]
    bass_harmonics: tuple[float, ...]
    bass_attack_ms: float
    chords: str  # "none" | "pad" | "stabs" | "arpeggio"
    hats: tuple[int, ...]
    snare: tuple[int, ...]
    kick: tuple[int, ...]
    swing: float  # by which part of a sixteenth every second one is late
    cut: tuple[float, float]  # seconds that are missing at its begin and its end: not every loop is cut on its bars
    seed: int
    lines: tuple[tuple[BassStep, ...], ...] = ()
    scale: tuple[int, ...] = ()
    glide: float = 0.0
    sub: float = 0.0
    drum_db: float = 0.0
    bass_decay: float = 0.6
    thirds: tuple[int, ...] = ()

    @property
    def has_drums(self) -> bool:
        return bool(self.hats or self.snare or self.kick)


def render_loop(spec: LoopSpec) -> np.ndarray:
    """float32 [T], peak 0.9 before it is cut."""
    rng = np.random.default_rng([spec.seed, 77])
    bars = len(spec.roots)
    wave = np.zeros(round(bars * 16 * _step_seconds(spec) * SAMPLE_RATE))
    for note in bass_notes(spec):
        _add(wave, note.start, _bass_tone(note, spec), -9.0)
    for bar in range(bars):
        pitches = [spec.tonic % 12 + 60 + tone % 12 for tone in _chord(spec, bar)]
        for at, length, which in _chord_steps(spec.chords):
            for midi in pitches if which is None else [pitches[which]]:
                tone = _tone(to_hz(midi), length * _step_seconds(spec), (1, 0.5, 0.3, 0.2, 0.1), 20.0)
                _add(wave, _time(spec, bar, at), tone, -24.0 if which is None else -20.0)
        for at in spec.hats:
            _add(wave, _time(spec, bar, at), _hat(rng), spec.drum_db - 22.0 + 3 * float(at % 4 == 2))
        for at in spec.snare:
            _add(wave, _time(spec, bar, at), _snare(rng), spec.drum_db - 14.0)
        for at in spec.kick:
            _add(wave, _time(spec, bar, at), _kick(spec.seed % 16), spec.drum_db - 9.0)
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
        low = spec.tonic + (0 if spec.lines else root if root <= 7 else root - 12)
        for at, length, semitones in spec.lines[bar] if spec.lines else spec.bass:
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


def _chord(spec: LoopSpec, bar: int) -> tuple[int, int, int]:
    """Root, third and fifth of the chord of a bar, in semitones above the tonic."""
    root = spec.roots[bar]
    if spec.thirds:
        return root, root + spec.thirds[bar], root + 7
    if spec.scale:
        at = spec.scale.index(root % 12)
        third, fifth = (spec.scale[(at + step) % len(spec.scale)] for step in (2, 4))
        return root, third, fifth
    minor = {"major": (2, 4, 9), "minor": (0, 2, 5, 7)}[spec.mode]
    return root, root + (3 if root % 12 in minor else 4), root + 7


def _chord_steps(kind: str) -> list[tuple[int, int, int | None]]:
    """Place, length and which tone of the chord, None for all of them."""
    if kind == "pad":
        return [(0, 16, None)]
    if kind == "stabs":
        return [(at, 2, None) for at in (0, 6, 10)]
    if kind == "arpeggio":
        return [(at, 2, k % 3) for k, at in enumerate(range(0, 16, 2))]
    return []


def _add(wave: np.ndarray, seconds: float, part: np.ndarray, level_db: float) -> None:
    at = round(seconds * SAMPLE_RATE)
    part = part[: max(0, len(wave) - at)]
    wave[at : at + len(part)] += 10 ** (level_db / 20) * part


def _tone(
    hz: float, seconds: float, harmonics: Sequence[float], attack_ms: float, decay: float = 0.6, glide: float = 0.0
) -> np.ndarray:
    """Partials of a tone that falls by exp(-decay t); it begins `glide` semitones lower and is there within 60 ms."""
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    kept = [(k, level) for k, level in enumerate(harmonics, 1) if level and k * hz < 8000]
    turns = hz * time
    if glide:
        turns = np.cumsum(hz * 2 ** (-glide / 12 * np.exp(-time / 0.02))) / SAMPLE_RATE
    wave = np.zeros(len(time))
    for k, level in kept:
        wave += level * np.sin(2 * np.pi * k * turns)
    release = 0.012
    ends = np.clip(time / (attack_ms / 1000), 0, 1) * np.clip((time[-1] - time) / release, 0, 1)
    return wave * ends * np.exp(-decay * time) / max(float(np.abs(wave).max()), 1e-9)


def _bass_tone(note: TrueNote, spec: LoopSpec) -> np.ndarray:
    """A note of the bass with all that it has below and before its pitch."""
    hz, seconds = to_hz(note.midi), note.seconds
    wave = _tone(hz, seconds, spec.bass_harmonics, spec.bass_attack_ms, spec.bass_decay, spec.glide)
    if spec.sub:
        wave += spec.sub * _tone(hz / 2, seconds, (1.0,), spec.bass_attack_ms, spec.bass_decay, spec.glide)
    return wave


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
