"""Notes, and how far a kick is from one. A4 = 440 Hz, C4 = MIDI 60, as on the kick card: MIDI 36 is C2 (65.4 Hz)."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from kickitout.card.pitch import NAMES
from kickitout.errors import UserError

LOWEST, HIGHEST = 12, 71  # MIDI: C0, 16.4 Hz, to B4, 494 Hz
MOST_SEMITONES = 24  # a kick that is moved further has become another sound
FLATS = {"Db": "C#", "Eb": "D#", "Gb": "F#", "Ab": "G#", "Bb": "A#"}


@dataclass(frozen=True)
class Target:
    """What to tune to: a note name (0 is C) and its octave; without an octave the nearest note of that name."""

    name: int
    octave: int | None

    def midi_near(self, midi: float) -> int:
        """The MIDI note to move a sound at `midi` (fractions are cents) to."""
        if self.octave is not None:
            return 12 * (self.octave + 1) + self.name
        return self.name + 12 * round((midi - self.name) / 12)


def parse_note(text: str) -> Target:
    """A note as people write it.

    >>> parse_note("F1"), parse_note("bb")
    (Target(name=5, octave=1), Target(name=10, octave=None))
    """
    match = re.fullmatch(r"([A-Ga-g])([#b♯♭]?)(-?\d)?", text.strip())
    if match is None:
        raise UserError(f"--note {text}: not a note; write F1, F#1, Bb0, or F for the nearest F")
    letter = match[1].upper() + match[2].replace("♯", "#").replace("♭", "b")
    letter = FLATS.get(letter, letter)
    if letter not in NAMES:
        raise UserError(f"--note {text}: not a note of the keyboard; write F1, F#1, Bb0, or F for the nearest F")
    target = Target(NAMES.index(letter), None if match[3] is None else int(match[3]))
    if target.octave is not None and not LOWEST <= target.midi_near(0) <= HIGHEST:
        raise UserError(
            f"--note {text}: kicks are tuned from {note_name(LOWEST)} (16 Hz) to {note_name(HIGHEST)} (494 Hz)"
        )
    return target


def note_name(midi: int) -> str:
    """
    >>> note_name(36), note_name(29)
    ('C2', 'F1')
    """
    return f"{NAMES[midi % 12]}{midi // 12 - 1}"


def to_midi(hz: float) -> float:
    """
    >>> to_midi(440.0)
    69.0
    """
    return 69 + 12 * math.log2(hz / 440)


def find_note(hz: float, target: Target | None, who: str) -> int:
    """The MIDI note that a kick at `hz` is tuned to: the target's, or the nearest one.

    Raises UserError, which begins with `who`, when that is more than MOST_SEMITONES away.
    """
    midi = to_midi(hz)
    if target is None:
        return round(midi)
    note = target.midi_near(midi)
    if abs(note - midi) > MOST_SEMITONES:
        raise UserError(
            f"{who}: its pitch of {hz:.0f} Hz is {abs(note - midi):.0f} semitones from {note_name(note)}; up to "
            f"{MOST_SEMITONES} work: --note {NAMES[target.name]} takes the nearest one"
        )
    return note
