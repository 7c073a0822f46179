"""What a page that cannot measure may say beforehand of a control that moves.

The control of the click's level moves it by its decibels on every kick (`ruled`). That of the pitch moves the tail by
about its semitones, and the card may follow another partial; so the kicks of the map are measured with it moved,
towards each note that is near, when the page is written (`points`). Between such points the page interpolates, and
`between` says how well that does.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np

import kickitout
from kickitout import frontend
from kickitout.cpus import usable_cpus
from kickitout.notes import to_midi

if TYPE_CHECKING:
    from kickitout.generation.model import Model

CLICK, PITCH = "click_level_db", "pitch_end_hz"  # fields of the card
TRIED = range(48)  # seeds on which a rule is tried
TURNS = (-4.0, 4.0)  # dB
OBEYED_DB = 1.0  # a control that is further off promises nothing on a page
NEAREST = 0.9  # share of the kicks that come as near as is said
REACH = 6  # semitones: every note name has one so near
ROUNDS = 4  # of renders, towards the notes that are not met yet
MET = 0.05  # semitones
STRAY = 1.5  # semitones: beyond, the card speaks of another partial
LEAST_GAP = 0.02  # semitones between two points, for a third between them
DIGITS = 3  # of turns and semitones

Points = list[tuple[float, float]]  # control in semitones, Hz on the card; by the control


def calibrate(model: Model, count: int) -> tuple[dict[str, dict[str, Any]], list[dict[str, Points]]]:
    """What the page may say: by control, and the points of each of the first kicks by control."""
    found = {}
    if "click" in model.info.controls and (within := ruled(model)) <= OBEYED_DB:
        found["click"] = {"field": CLICK, "unit": "dB", "within": round(within, 1), "within_unit": "dB",
                          "points": False}  # fmt: skip
    if "pitch" not in model.info.controls:
        return found, [{} for _ in range(count)]
    with ThreadPoolExecutor(usable_cpus()) as pool:
        listed = list(pool.map(lambda seed: points(model, seed), range(count)))
    if math.isfinite(within := between(listed)):
        found["pitch"] = {"field": PITCH, "unit": "Hz", "within": round(within, 1), "within_unit": "cents",
                          "points": True}  # fmt: skip
    return found, [{"pitch": one} if one else {} for one in listed]


def moved(model: Model, seed: int, control: str, turns: Sequence[float], field: str) -> np.ndarray:
    """What the card of a seed's kick says in a field, with a control at each of some values; NaN where it has none."""
    controls = np.zeros((len(turns), len(model.info.controls)))
    controls[:, model.info.controls.index(control)] = turns
    waves = [kickitout.kick_of({"seed": seed, "controls": row.tolist()}, model).channels for row in controls]
    return frontend.measure(np.stack(waves))[field]


def ruled(model: Model, seeds: Sequence[int] = TRIED) -> float:
    """The control of the click moves its level by its decibels: nine of ten kicks come so near; inf for none."""
    off = [abs(level - before - turn)
           for before, *levels in (moved(model, seed, "click", (0.0, *TURNS), CLICK) for seed in seeds)
           for turn, level in zip(TURNS, levels, strict=True)]  # fmt: skip
    known = [x for x in off if math.isfinite(x)]
    return float(np.quantile(known, NEAREST)) if known else math.inf


def points(model: Model, seed: int) -> Points:
    """Turns of the pitch control on a seed's kick, and what its card then says. Empty for a kick without a pitch."""

    def midi(turns: Sequence[float]) -> np.ndarray:
        return np.array([to_midi(hz) if hz > 0 else math.nan for hz in moved(model, seed, "pitch", turns, PITCH)])

    return [(turn, round(440 * 2 ** ((at - 69) / 12), DIGITS)) for turn, at in curve(midi)]


def curve(midi: Callable[[Sequence[float]], np.ndarray]) -> Points:
    """(turn, pitch in semitones) towards each note within REACH. midi: turns -> pitches, NaN where there is none."""
    (home,) = midi([0.0])
    if not math.isfinite(home):
        return []
    found = {0.0: float(home)}
    notes = list(range(math.ceil(home - REACH), math.floor(home + REACH) + 1))
    for _ in range(ROUNDS):
        open_notes = [note for note in notes if min(abs(at - note) for at in found.values()) > MET]
        turns = sorted({round(_towards(note, sorted(found.items())), DIGITS) for note in open_notes} - found.keys())
        if not turns:
            break
        for turn, at in zip(turns, midi(turns), strict=True):
            if abs(at - home - turn) <= STRAY:
                found[turn] = float(at)
    return sorted(found.items())


def _towards(note: float, there: Points) -> float:
    """Where the note may be: between the two nearest points that it lies between, or straight on from the nearest."""
    pairs = [
        (b[0] - a[0], a, b)
        for a, b in itertools.pairwise(there)
        if b[0] - a[0] > LEAST_GAP and min(a[1], b[1]) <= note <= max(a[1], b[1])
    ]
    if not pairs:
        turn, at = min(there, key=lambda point: abs(point[1] - note))
        return turn + note - at
    gap, (turn, at), (_, last) = min(pairs)
    return turn + gap * min(max((note - at) / (last - at), 0.1), 0.9)


def between(listed: Sequence[Points]) -> float:
    """Cents within which nine of ten points lie of the line between neighbours a semitone or more apart; NaN where
    there are too few."""
    off = []
    for one in listed:
        turns, semitones = np.array([[turn, to_midi(hz)] for turn, hz in one]).reshape(-1, 2).T
        for i in (i for i in range(1, len(one) - 1) if turns[i + 1] - turns[i - 1] >= 1):
            guess = np.interp(turns[i], turns[[i - 1, i + 1]], semitones[[i - 1, i + 1]])
            off.append(100 * abs(guess - semitones[i]))
    return float(np.quantile(off, NEAREST)) if len(off) >= 10 else math.nan
