"""How far a kick has to be moved so that the kick card says the note that was asked for.

The card's pitch does not move in exact step with a sound that is resampled: its filters and its blind first millisecond
stay where they are. Most kicks are within a cent of their note after one move. For the others the card is read at many
places around, which shows where it puts the pitch but for its own jumps (the median), and of the places near that one
where it comes closest to the note is taken.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kickitout.descriptors import cards, cards_of_each
from kickitout.export.kits.tuning import NoteTarget, find_note
from kickitout.generation.shaping import varispeed
from kickitout.notes import note_name, to_midi
from kickitout.sound import LENGTH

CLOSE_CENTS = 1.0  # cents: as near as a further move would bring it, and far below what is heard in a kick
AROUND = tuple(range(-50, 51, 10))  # cents
NEAR = (0, 1, -1, 2, -2, 4, -4, 7, -7, 10, -10, 14, -14, 18, -18, 22, -22)  # cents
FAR_COUNTS = 0.1  # a cent off the median weighs as much as 0.1 cents off the note
FURTHEST = 60.0  # cents from the first move: what is found beyond is another partial, not a jump


@dataclass(frozen=True)
class Tuned:
    """A kick's pitch. note: MIDI, None when it has no pitch (`why` says so). cents: how far it is moved.

    hz: as it is; before and after: cents from the note, as the kick card says.
    """

    note: int | None
    cents: float = 0.0
    before: float = math.nan
    after: float = math.nan
    hz: float = math.nan
    why: str = ""

    @property
    def name(self) -> str:
        return "no pitch" if self.note is None else note_name(self.note)


def tune(wave: np.ndarray, target: NoteTarget | None, who: str) -> Tuned:
    """wave [C, T] to the target's note, or to the nearest one. Raises UserError when that is too far away."""
    mono = wave.mean(axis=0, keepdims=True)
    found = cards(_as_file(mono[0])[None])
    hz = float(found["pitch_end_hz"][0])
    if math.isnan(hz):
        return Tuned(None, why=found.reason(0, "pitch_end_hz") or "")
    note = find_note(hz, target, who)
    before = 100 * (to_midi(hz) - note)

    first = round(-before, 2)
    tried = {first: _after_moves(mono, [first], note)[0]}
    if abs(tried[first]) <= CLOSE_CENTS:
        return Tuned(note, first, before, tried[first], hz)
    around = [round(first + step, 2) for step in AROUND]
    read = _after_moves(mono, around, note)
    tried |= dict(zip(around, read, strict=True))
    drift = [after - cents for cents, after in tried.items() if not math.isnan(after)]
    middle = round(-float(np.median(drift)), 2) if drift else first
    if abs(middle - first) > FURTHEST:
        middle = first
    places = [round(middle + step, 2) for step in NEAR]
    tried |= dict(zip(places, _after_moves(mono, places, note), strict=True))
    nearest = _best(tried, middle)
    last = round(nearest - tried[nearest], 2)
    if abs(last - middle) <= FURTHEST:  # NaN is not
        tried |= {last: _after_moves(mono, [last], note)[0]}
    best = _best(tried, middle)
    return Tuned(note, best, before, tried[best], hz)


def _best(tried: dict[float, float], middle: float) -> float:
    """The move that the card puts closest to the note; of equal ones the nearest to the middle. No pitch is far off."""
    return min(tried, key=lambda cents: _off(tried[cents]) + FAR_COUNTS * abs(cents - middle))


def _off(after: float) -> float:
    return math.inf if math.isnan(after) else abs(after)


def _after_moves(mono: np.ndarray, moves: Sequence[float], note: int) -> list[float]:
    """What the card says after each move, in cents from the note; NaN for no pitch."""
    waves = [_as_file(varispeed(mono, cents)[0]) for cents in moves]
    hz = [float(card["pitch_end_hz"]) for card, _ in cards_of_each(waves)]
    return [100 * (to_midi(f) - note) if f > 0 else math.nan for f in hz]


def _as_file(mono: np.ndarray) -> np.ndarray:
    """A wave [T] with the silence behind it with which `kick card` reads a file that is shorter."""
    return np.pad(mono, (0, max(0, LENGTH - len(mono))))
