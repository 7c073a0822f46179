"""Notes as people write them. A4 = 440 Hz, C4 = MIDI 60: MIDI 36 is C2 (65.4 Hz)."""

from __future__ import annotations

import math
import re
from typing import NamedTuple

GM_KICK = 36  # General MIDI's Bass Drum 1: C2 on our card (C4 = 60), C1 where C3 is 60
SEMITONE_CENTS = 100.0
NOTE_NAMES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
LETTERS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
MIDDLE_HZ = 52.0  # of 37 to 73 Hz, an octave for kicks: every note is there once
ACCIDENTALS = {"": 0, "#": 1, "♯": 1, "b": -1, "♭": -1}


class Note(NamedTuple):
    """semitones: above the C of its octave, -1 for Cb, 12 for B#; octave: None where none is said; cents: above it."""

    semitones: int
    octave: int | None
    cents: float = 0.0

    @property
    def midi(self) -> float:
        """Of a note with an octave."""
        assert self.octave is not None
        return 12 * (self.octave + 1) + self.semitones + self.cents / 100


def read_note(text: str) -> Note | None:
    """A note, or None for what is none.

    >>> read_note("F#1"), read_note("b\N{MUSIC FLAT SIGN}"), read_note("A1-20 cents"), read_note("H1")
    (Note(semitones=6, octave=1, cents=0.0), Note(semitones=10, octave=None, cents=0.0), \
Note(semitones=9, octave=1, cents=-20.0), None)
    """
    cents = r"([+-]\d+(?:\.\d+)?)\s*(?:c|ct|cents)?"
    found = re.fullmatch(rf"([A-Ga-g])([#b♯♭]?)(?:(-?\d{{1,2}})(?:{cents})?)?", text.strip())
    if found is None:
        return None
    letter, shift, octave, off = found.groups()
    semitones = LETTERS[letter.upper()] + ACCIDENTALS[shift]
    return Note(semitones, None if octave is None else int(octave), float(off or 0))


def read_hz(text: str) -> float | None:
    """A note in Hz, None for what is none. Without an octave it is the one nearest to MIDDLE_HZ.

    >>> read_hz("A1"), round(read_hz("f#1-50"), 2), round(read_hz("F"), 2), read_hz("H1")
    (55.0, 44.93, 43.65, None)
    """
    found = read_note(text)
    if found is None:
        return None
    if found.octave is None:
        lowest = found._replace(octave=0).midi
        return to_hz(lowest + 12 * round((to_midi(MIDDLE_HZ) - lowest) / 12))
    return to_hz(found.midi)


def note_name(midi: int) -> str:
    """
    >>> note_name(36), note_name(29)
    ('C2', 'F1')
    """
    return f"{NOTE_NAMES[midi % 12]}{midi // 12 - 1}"


def unrest_said(drift: float, scatter: float) -> str:
    """What is to be said of a pitch that falls by so many cents where it is measured, and whose periods scatter by so
    many; empty where it rests, or is none.

    >>> unrest_said(292.3, 20.0), unrest_said(-150.0, 200.0), unrest_said(20.0, 5.0), unrest_said(math.nan, math.nan)
    ('its pitch still falls by 292 cents', 'its pitch still rises by 150 cents', '', '')
    >>> unrest_said(20.0, 184.0)
    'its pitch is not clear (its periods scatter by 184 cents)'
    """
    if abs(drift) > SEMITONE_CENTS:
        return f"its pitch still {'falls' if drift > 0 else 'rises'} by {abs(drift):.0f} cents"
    return f"its pitch is not clear (its periods scatter by {scatter:.0f} cents)" if scatter > SEMITONE_CENTS else ""


def to_midi(hz: float) -> float:
    """
    >>> to_midi(440.0)
    69.0
    """
    return 69 + 12 * math.log2(hz / 440)


def to_hz(midi: float) -> float:
    """
    >>> to_hz(33.0)
    55.0
    """
    return float(440 * 2 ** ((midi - 69) / 12))
