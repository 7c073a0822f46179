"""What a producer says of a loop in place of what would be heard: its key and its tempo."""

from __future__ import annotations

import math
import numbers
import re
from typing import NamedTuple

from kickitout.errors import UserError
from kickitout.notes import read_note

MODES = {"": "", "m": "minor", "min": "minor", "minor": "minor", "maj": "major", "major": "major"}
WHEELS = {"A": ("minor", 8, 9), "B": ("major", 8, 0), "m": ("minor", 1, 9), "d": ("major", 1, 0)}  # number -> its tonic
FIFTH = 7  # semitones from one number to the next
LEAST_BPM, MOST_BPM = 30.0, 300.0


class Given(NamedTuple):
    """tonic: pitch class, 0 is C, None where no key is given; mode: "major", "minor" or "" where none is said; bpm:
    None where no tempo is given."""

    tonic: int | None = None
    mode: str = ""
    bpm: float | None = None

    @classmethod
    def of(cls, key: str | None = None, bpm: float | None = None) -> Given:
        """A key is a tonic with or without its mode, or a number as DJs write it: Camelot's (8A is A minor, 8B C major)
        or Open Key's (1m, 1d). Raises UserError for what is no key or no tempo.

        >>> Given.of("F#"), Given.of("Am"), Given.of("Bb major", 93.5)
        (Given(tonic=6, mode='', bpm=None), Given(tonic=9, mode='minor', bpm=None), \
Given(tonic=10, mode='major', bpm=93.5))
        >>> Given.of("4A") == Given.of("9m") == Given.of("F minor")
        True
        """
        tonic, mode = (None, "") if key is None else _read_key(key)
        return cls(tonic, mode, None if bpm is None else _checked_bpm(bpm))


NOTHING = Given()


def _read_key(text: str) -> tuple[int, str]:
    if (numbered := _numbered_key(text)) is not None:
        return numbered
    found = re.fullmatch(r"([A-Ga-g][#b♯♭]?)[\s:-]*([A-Za-z]*)", text.strip()) if isinstance(text, str) else None
    said = "major" if found and found[2] == "M" else found[2].lower() if found else "?"
    note = read_note(found[1]) if found else None
    if note is None or said not in MODES:
        raise UserError(
            f"key {text!r}: a tonic works, alone or with its mode, for instance F, F#, Bb, Am or 'F minor', or one "
            "of Camelot's numbers, for instance 8A"
        )
    return note.semitones % 12, MODES[said]


def _numbered_key(text: str) -> tuple[int, str] | None:
    """Neighbours on the circle of fifths have numbers that follow each other. None for what is no number of a key."""
    found = re.fullmatch(r"0?([1-9]|1[0-2])\s*([ABabmd])", text.strip()) if isinstance(text, str) else None
    if found is None:
        return None
    number, letter = int(found[1]), found[2].upper() if found[2] in "ab" else found[2]
    mode, of_number, tonic = WHEELS[letter]
    return (tonic + FIFTH * (number - of_number)) % 12, mode


def _checked_bpm(bpm: float) -> float:
    number = isinstance(bpm, numbers.Real) and not isinstance(bpm, bool)
    if not number or not math.isfinite(bpm) or not LEAST_BPM <= bpm <= MOST_BPM:
        said = f"{bpm:g}" if number else repr(bpm)
        raise UserError(f"bpm {said}: {LEAST_BPM:g} to {MOST_BPM:g} beats a minute work")
    return float(bpm)
