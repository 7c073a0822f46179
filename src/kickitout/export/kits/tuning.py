"""What a kick is tuned to. A4 = 440 Hz, C4 = MIDI 60, as on the kick card: MIDI 36 is C2 (65.4 Hz)."""

from __future__ import annotations

from dataclasses import dataclass

from kickitout.errors import UserError
from kickitout.notes import NOTE_NAMES, note_name, read_note, to_hz, to_midi

LOWEST, HIGHEST = 14, 71  # MIDI: D0, 18.4 Hz, below which nothing has a pitch, to B4, 494 Hz
MOST_SEMITONES = 24  # a kick that is moved further has become another sound


@dataclass(frozen=True)
class NoteTarget:
    """What to tune to: a note name (0 is C) and its octave; without an octave the nearest note of that name."""

    name: int
    octave: int | None

    def midi_near(self, midi: float) -> int:
        """The MIDI note to move a sound at `midi` (fractions are cents) to."""
        if self.octave is not None:
            return 12 * (self.octave + 1) + self.name
        nearest = self.name + 12 * round((midi - self.name) / 12)
        return nearest if nearest >= LOWEST else nearest + 12


def parse_note(text: str) -> NoteTarget:
    """A note as people write it.

    >>> parse_note("F1"), parse_note("bb")
    (NoteTarget(name=5, octave=1), NoteTarget(name=10, octave=None))
    """
    found = read_note(text) if isinstance(text, str) else None
    if found is None:
        raise UserError(f"note {text}: not a note; write F1, F#1, Bb0, or F for the nearest F")
    if found.cents:
        raise UserError(f"note {text}: a kit is tuned to whole notes; write F1, F#1, Bb0, or F for the nearest F")
    if found.octave is None:
        return NoteTarget(found.semitones % 12, None)
    midi = round(found.midi)
    if not LOWEST <= midi <= HIGHEST:
        ends = (f"{note_name(end)} ({to_hz(end):.0f} Hz)" for end in (LOWEST, HIGHEST))
        raise UserError(f"note {text}: kicks are tuned from {' to '.join(ends)}")
    return NoteTarget(midi % 12, midi // 12 - 1)


def find_note(hz: float, target: NoteTarget | None, who: str) -> int:
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
            f"{MOST_SEMITONES} work: note {NOTE_NAMES[target.name]} takes the nearest one"
        )
    return note
