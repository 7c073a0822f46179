"""What a producer says of a loop in place of what would be heard: its key and its tempo."""

from __future__ import annotations

import math
import numbers
import re
from typing import NamedTuple

from kickitout.errors import UserError
from kickitout.notes import read_note

MODES = {"": "", "m": "minor", "min": "minor", "minor": "minor", "maj": "major", "major": "major"}
LEAST_BPM, MOST_BPM = 30.0, 300.0


class Given(NamedTuple):
    """tonic: pitch class, 0 is C, None where no key is given; mode: "major", "minor" or "" where none is said; bpm:
    None where no tempo is given."""

    tonic: int | None = None
    mode: str = ""
    bpm: float | None = None

    @classmethod
    def of(cls, key: str | None = None, bpm: float | None = None) -> Given:
        """Raises UserError for what is no key or no tempo.

        >>> Given.of("F#"), Given.of("Am"), Given.of("Bb major", 93.5)
        (Given(tonic=6, mode='', bpm=None), Given(tonic=9, mode='minor', bpm=None), \
Given(tonic=10, mode='major', bpm=93.5))
        """
        tonic, mode = (None, "") if key is None else _read_key(key)
        return cls(tonic, mode, None if bpm is None else _checked_bpm(bpm))


NOTHING = Given()


def _read_key(text: str) -> tuple[int, str]:
    found = re.fullmatch(r"([A-Ga-g][#b♯♭]?)[\s:-]*([A-Za-z]*)", text.strip()) if isinstance(text, str) else None
    said = "major" if found and found[2] == "M" else found[2].lower() if found else "?"
    note = read_note(found[1]) if found else None
    if note is None or said not in MODES:
        raise UserError(f"key {text!r}: a tonic works, alone or with its mode, for instance F, F#, Bb, Am or 'F minor'")
    return note.semitones % 12, MODES[said]


def _checked_bpm(bpm: float) -> float:
    number = isinstance(bpm, numbers.Real) and not isinstance(bpm, bool)
    if not number or not math.isfinite(bpm) or not LEAST_BPM <= bpm <= MOST_BPM:
        said = f"{bpm:g}" if number else repr(bpm)
        raise UserError(f"bpm {said}: {LEAST_BPM:g} to {MOST_BPM:g} beats a minute work")
    return float(bpm)
